-- Silences and maintenance windows that are not over, or since a moment only, or one by its id. Who does not see every
-- station sees those that may match a station of theirs (the region aside, which the reader must look at).
-- grain: one row per window
-- inputs: $window_id (one, or null for all), $over_since (UTC; those that are over from then on too, null for none)
-- reader: owner, silences, station, fault, laadwacht silence list
-- scope: visible
WITH mine AS MATERIALIZED (
    SELECT lower(v.station) AS station, lower(r.site) AS site, lower(coalesce(r.make, s.make)) AS make,
           lower(coalesce(r.model, s.model)) AS model, lower(s.firmware) AS firmware, lower(r.installer) AS installer
    FROM visible v LEFT JOIN register r USING (station) LEFT JOIN station s USING (station)
)
SELECT w.*
FROM silence_window w
WHERE ($window_id IS NULL OR w.window_id = $window_id)
  AND ($window_id IS NOT NULL OR w.ended_at IS NULL OR w.ended_at >= $over_since)
  AND (EXISTS (FROM house) OR EXISTS (
      SELECT 1 FROM mine m
      WHERE (w.station IS NULL OR m.station GLOB lower(w.station))
        AND (w.site IS NULL OR m.site GLOB lower(w.site))
        AND (w.make IS NULL OR m.make GLOB lower(w.make))
        AND (w.model IS NULL OR m.model GLOB lower(w.model))
        AND (w.firmware IS NULL OR m.firmware GLOB lower(w.firmware))
        AND (w.installer IS NULL OR m.installer GLOB lower(w.installer))))
ORDER BY w.ended_at IS NOT NULL, w.starts_at, w.window_id
