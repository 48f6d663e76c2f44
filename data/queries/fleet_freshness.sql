-- How fresh the picture is: when anything was last heard from a visible station, and how many are connected.
-- grain: one row
-- inputs: none
-- reader: every page's header, overview
-- scope: visible
SELECT count(*) AS stations,
       count(*) FILTER (WHERE s.connected) AS connected,
       max(s.last_seen_at) AS last_seen_at
FROM visible v
LEFT JOIN station s USING (station)
