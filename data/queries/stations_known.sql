-- Every station that is in the register or has ever been heard, with what it last said of itself.
-- grain: one row per station
-- inputs: none
-- reader: command line, tests
-- scope: visible
SELECT
    visible.station,
    register.site,
    register.installer,
    register.customer,
    station.connected,
    station.last_seen_at,
    register.station IS NOT NULL AS registered
FROM visible
LEFT JOIN register ON register.station = visible.station
LEFT JOIN station ON station.station = visible.station
ORDER BY visible.station
