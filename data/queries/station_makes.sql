-- What each station says its make is.
-- grain: one row per station that named one
-- inputs: none
-- reader: metrics, once at the start
-- scope: none
SELECT station, make
FROM station
WHERE make IS NOT NULL
