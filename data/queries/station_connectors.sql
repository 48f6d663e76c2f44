-- The connectors of one station and what each says now.
-- grain: one row per EVSE and connector (0: the station as a whole)
-- inputs: $station
-- reader: station
-- scope: visible
SELECT evse, connector, arg_max(status, started_at) AS status, max(started_at) AS since,
       arg_max(error_code, started_at) AS error_code, arg_max(vendor_error, started_at) AS vendor_error,
       arg_max(info, started_at) AS info
FROM state_interval
WHERE station = $station AND station IN (SELECT station FROM visible) AND ended_at IS NULL
GROUP BY evse, connector
ORDER BY evse, connector
