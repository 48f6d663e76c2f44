-- Seconds that connectors worked, did not, were out of service on purpose, or that nobody knows.
-- A connector is down while its station is offline, or while it or the station as a whole says faulted. Unavailable is
-- on purpose: planned, outside the percentage. Before the first status, in our own blind spells: unknown, outside too.
-- Touching is not overlapping; every segment belongs to one class; a connector that never spoke is unknown throughout.
-- down_* splits the down seconds by the owner of the incident that lasted then; down_unassigned is what remains.
-- grain: `level` total, day, station, station_day or connector; columns that a level does not have are NULL
-- inputs: $since (UTC), $until (UTC), $station (name, or null for all), $bars (boolean: also station_day)
-- reader: overview, uptime, station, exports, and the home pages of installer and customer
-- scope: visible
WITH mine AS (
    SELECT station FROM visible WHERE $station IS NULL OR station = $station
),
states AS (
    SELECT station, evse, connector, status, greatest(started_at, $since) AS a,
           least(coalesce(ended_at, $until), $until) AS z
    FROM state_interval
    WHERE station IN (SELECT station FROM mine) AND started_at < $until AND (ended_at IS NULL OR ended_at > $since)
),
connectors AS (
    SELECT DISTINCT station, evse, connector FROM state_interval
    WHERE connector > 0 AND station IN (SELECT station FROM mine)
),
everyone AS (
    SELECT * FROM connectors
    UNION ALL
    SELECT station, 0, 0 FROM mine WHERE station NOT IN (SELECT station FROM connectors)
),
spans AS (
    SELECT station, evse, connector, a, z, 1 AS known, 0 AS off, (status = 'faulted')::INT AS bad,
           (status = 'unavailable')::INT AS plan, 0 AS blind, 0 AS op, 0 AS ins, 0 AS cus
    FROM states WHERE connector > 0 AND status <> 'unknown'
    UNION ALL
    SELECT e.station, e.evse, e.connector, s.a, s.z, 0, 0, (s.status = 'faulted')::INT, (s.status = 'unavailable')::INT,
           0, 0, 0, 0
    FROM everyone e JOIN states s ON s.station = e.station AND s.connector = 0
                                  AND s.status IN ('faulted', 'unavailable')
    WHERE e.connector > 0
    UNION ALL
    SELECT e.station, e.evse, e.connector, greatest(l.started_at, $since), least(coalesce(l.ended_at, $until), $until),
           1, 1, 0, 0, 0, 0, 0, 0
    FROM everyone e JOIN link_interval l ON l.station = e.station AND l.state = 'offline'
    WHERE e.connector > 0
    UNION ALL
    SELECT e.station, e.evse, e.connector, greatest(b.started_at, $since), least(b.ended_at, $until),
           0, 0, 0, 0, 1, 0, 0, 0
    FROM everyone e CROSS JOIN blind_interval b
    UNION ALL
    SELECT e.station, e.evse, e.connector, greatest(i.pending_at, $since), least(coalesce(i.closed_at, $until), $until),
           0, 0, 0, 0, 0, (i.owner = 'operator')::INT, (i.owner = 'installer')::INT, (i.owner = 'customer')::INT
    FROM everyone e
    JOIN (SELECT pending_at, closed_at, owner, evse, connector,
                 unnest(CASE WHEN station IS NULL THEN members ELSE [station] END) AS station
          FROM incident WHERE pending_at < $until AND coalesce(closed_at, $until) > $since) i
      ON i.station = e.station AND (coalesce(i.connector, 0) = 0 OR i.connector = e.connector)
),
days AS (
    SELECT timezone('UTC', timezone('Europe/Brussels', d::TIMESTAMP)) AS a
    FROM (SELECT unnest(generate_series(CAST($since AS DATE), CAST($until AS DATE) + 1, INTERVAL 1 DAY)) AS d)
),
edges AS (
    SELECT station, evse, connector, a AS t, known, off, bad, plan, blind, op, ins, cus FROM spans WHERE a < z
    UNION ALL
    SELECT station, evse, connector, z, -known, -off, -bad, -plan, -blind, -op, -ins, -cus FROM spans WHERE a < z
    UNION ALL
    SELECT e.station, e.evse, e.connector, d.a, 0, 0, 0, 0, 0, 0, 0, 0
    FROM everyone e CROSS JOIN (SELECT a FROM days WHERE a > $since AND a < $until
                                UNION ALL SELECT $since UNION ALL SELECT $until) d
),
moments AS (
    SELECT station, evse, connector, t, sum(known) AS known, sum(off) AS off, sum(bad) AS bad, sum(plan) AS plan,
           sum(blind) AS blind, sum(op) AS op, sum(ins) AS ins, sum(cus) AS cus
    FROM edges GROUP BY ALL
),
segments AS (
    SELECT station, evse, connector, t,
           date_diff('microsecond', t, lead(t) OVER w) / 1e6 AS seconds,
           sum(known) OVER w AS known, sum(off) OVER w AS off, sum(bad) OVER w AS bad, sum(plan) OVER w AS plan,
           sum(blind) OVER w AS blind, sum(op) OVER w AS op, sum(ins) OVER w AS ins, sum(cus) OVER w AS cus
    FROM moments
    WINDOW w AS (PARTITION BY station, evse, connector ORDER BY t)
),
classed AS (
    SELECT station, evse, connector, seconds, op, ins, cus,
           CAST(timezone('Europe/Brussels', timezone('UTC', t)) AS DATE) AS day,
           CASE WHEN blind > 0 OR known <= 0 THEN 'unknown'
                WHEN off > 0 THEN 'offline' WHEN bad > 0 THEN 'faulted' WHEN plan > 0 THEN 'planned'
                ELSE 'up' END AS class
    FROM segments WHERE seconds > 0
)
SELECT CASE GROUPING(station, evse, connector, day)
           WHEN 15 THEN 'total' WHEN 14 THEN 'day' WHEN 7 THEN 'station' WHEN 6 THEN 'station_day'
           ELSE 'connector' END AS level,
       station, evse, connector, day,
       coalesce(sum(seconds) FILTER (WHERE class = 'up'), 0.0) AS up_s,
       coalesce(sum(seconds) FILTER (WHERE class = 'offline'), 0.0) AS offline_s,
       coalesce(sum(seconds) FILTER (WHERE class = 'faulted'), 0.0) AS faulted_s,
       coalesce(sum(seconds) FILTER (WHERE class = 'planned'), 0.0) AS planned_s,
       coalesce(sum(seconds) FILTER (WHERE class = 'unknown'), 0.0) AS unknown_s,
       coalesce(sum(seconds) FILTER (WHERE class IN ('offline', 'faulted') AND op > 0), 0.0) AS down_operator_s,
       coalesce(sum(seconds) FILTER (WHERE class IN ('offline', 'faulted') AND op <= 0 AND ins > 0), 0.0)
           AS down_installer_s,
       coalesce(sum(seconds) FILTER (WHERE class IN ('offline', 'faulted') AND op <= 0 AND ins <= 0 AND cus > 0), 0.0)
           AS down_customer_s,
       coalesce(sum(seconds) FILTER (WHERE class IN ('offline', 'faulted') AND op <= 0 AND ins <= 0 AND cus <= 0), 0.0)
           AS down_unassigned_s
FROM classed
GROUP BY GROUPING SETS ((), (day), (station), (station, day), (station, evse, connector))
HAVING $bars OR GROUPING(station, evse, connector, day) <> 6
ORDER BY level, station, evse, connector, day
