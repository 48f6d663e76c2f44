-- When each station was last heard.
-- grain: one row per station
-- inputs: none
-- reader: metrics, at the owner's start
-- scope: visible
SELECT station, last_seen_at
FROM station
WHERE station IN (SELECT station FROM visible)
ORDER BY station
