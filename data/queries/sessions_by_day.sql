-- Sessions and energy per local day (Europe/Brussels) of a period, with a total row.
-- grain: one row per day on which a session began; day NULL is the total
-- inputs: $since (UTC), $until (UTC), $station (name, or null for all)
-- reader: sessions, customer
-- scope: visible
SELECT CAST(timezone('Europe/Brussels', timezone('UTC', started_at)) AS DATE) AS day,
       count(*) AS sessions,
       count(*) FILTER (WHERE ended_at IS NULL) AS running,
       count(*) FILTER (WHERE ended_at IS NOT NULL AND coalesce(energy_wh, 0) < 100) AS without_energy,
       sum(energy_wh) AS energy_wh,
       median(date_diff('second', started_at, ended_at)) AS median_s
FROM session
WHERE station IN (SELECT station FROM visible)
  AND started_at >= $since AND started_at < $until
  AND ($station IS NULL OR station = $station)
GROUP BY GROUPING SETS ((), (day))
ORDER BY day NULLS FIRST
