-- Stations by what a silence or maintenance window can match.
-- grain: one row per station
-- inputs: $station (name, or null for all)
-- reader: owner, silences, station, fault
-- scope: visible
SELECT v.station, r.site, r.address, r.region, coalesce(r.make, s.make) AS make, coalesce(r.model, s.model) AS model, s.firmware,
       r.installer
FROM visible v
LEFT JOIN register r USING (station)
LEFT JOIN station s USING (station)
WHERE $station IS NULL OR v.station = $station
ORDER BY v.station
