-- Sessions of one station that have not ended, as far as the station told.
-- grain: one row per session
-- inputs: $station
-- reader: command desk, before a command that ends sessions
-- scope: visible
SELECT session_id, evse, connector, started_at
FROM session
WHERE station = $station AND station IN (SELECT station FROM visible) AND ended_at IS NULL
ORDER BY started_at, session_id
