-- Seconds that connectors worked, did not, or that nobody knows, by the definition `connected_and_operative` of
-- rules.core.uptime: down while the station is offline, or while the connector or the station as a whole says Faulted or
-- Unavailable; unknown before the first status, without a link and in our own blind spells, and outside the percentage.
-- Touching is not overlapping; every segment belongs to one class; a connector that never spoke is unknown throughout.
-- down_* splits the down seconds by the owner of the widest incident that lasted then; what came before it in the same
-- unbroken stretch is its too, for silence is noticed late. down_none is what no incident explains.
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
blame AS (
    SELECT e.station, e.evse, e.connector, i.owner, i.pending_at AS a, coalesce(i.closed_at, $until) AS z,
           list_position(['platform', 'firmware', 'connectivity', 'site', 'station', 'evse', 'connector'], i.scope) AS width
    FROM everyone e
    JOIN (SELECT pending_at, closed_at, owner, scope, connector,
                 unnest(CASE WHEN station IS NULL THEN members ELSE [station] END) AS station
          FROM incident WHERE pending_at < $until AND coalesce(closed_at, $until) > $since) i
      ON i.station = e.station AND (coalesce(i.connector, 0) = 0 OR i.connector = e.connector)
),
spans AS (
    SELECT station, evse, connector, a, z, 1 AS told, 0 AS linked, 0 AS off, (status = 'faulted')::INT AS bad,
           (status = 'unavailable')::INT AS shut, 0 AS blind
    FROM states WHERE connector > 0 AND status <> 'unknown'
    UNION ALL
    SELECT e.station, e.evse, e.connector, s.a, s.z, 0, 0, 0, (s.status = 'faulted')::INT,
           (s.status = 'unavailable')::INT, 0
    FROM everyone e JOIN states s ON s.station = e.station AND s.connector = 0
                                  AND s.status IN ('faulted', 'unavailable')
    WHERE e.connector > 0
    UNION ALL
    SELECT e.station, e.evse, e.connector, greatest(l.started_at, $since), least(coalesce(l.ended_at, $until), $until),
           0, 1, (l.state = 'offline')::INT, 0, 0, 0
    FROM everyone e JOIN link_interval l ON l.station = e.station
    WHERE e.connector > 0
    UNION ALL
    SELECT e.station, e.evse, e.connector, greatest(b.started_at, $since), least(b.ended_at, $until), 0, 0, 0, 0, 0, 1
    FROM everyone e CROSS JOIN blind_interval b
),
cuts AS (
    SELECT timezone('UTC', timezone('Europe/Brussels', d::TIMESTAMP)) AS a
    FROM (SELECT unnest(generate_series(CAST($since AS DATE), CAST($until AS DATE) + 1, INTERVAL 1 DAY)) AS d)
    UNION ALL SELECT $since
    UNION ALL SELECT $until
),
edges AS (
    SELECT station, evse, connector, a AS t, told, linked, off, bad, shut, blind FROM spans WHERE a < z
    UNION ALL
    SELECT station, evse, connector, z, -told, -linked, -off, -bad, -shut, -blind FROM spans WHERE a < z
    UNION ALL
    SELECT e.station, e.evse, e.connector, c.a, 0, 0, 0, 0, 0, 0
    FROM everyone e CROSS JOIN cuts c WHERE c.a BETWEEN $since AND $until
    UNION ALL
    SELECT station, evse, connector, unnest([greatest(a, $since), least(z, $until)]), 0, 0, 0, 0, 0, 0 FROM blame
),
moments AS (
    SELECT station, evse, connector, t, sum(told) AS told, sum(linked) AS linked, sum(off) AS off, sum(bad) AS bad,
           sum(shut) AS shut, sum(blind) AS blind
    FROM edges GROUP BY ALL
),
segments AS (
    SELECT station, evse, connector, t, date_diff('microsecond', t, lead(t) OVER w) / 1e6 AS seconds,
           sum(told) OVER w AS told, sum(linked) OVER w AS linked, sum(off) OVER w AS off, sum(bad) OVER w AS bad,
           sum(shut) OVER w AS shut, sum(blind) OVER w AS blind
    FROM moments
    WINDOW w AS (PARTITION BY station, evse, connector ORDER BY t)
),
classed AS (
    SELECT station, evse, connector, t, seconds,
           CAST(timezone('Europe/Brussels', timezone('UTC', t)) AS DATE) AS day,
           CASE WHEN blind > 0 THEN 'unknown' WHEN off > 0 THEN 'offline' WHEN bad > 0 THEN 'faulted'
                WHEN shut > 0 THEN 'unavailable' WHEN linked <= 0 OR told <= 0 THEN 'unknown' ELSE 'up' END AS class
    FROM segments WHERE seconds > 0
),
stretches AS (
    SELECT *, sum((class IN ('up', 'unknown'))::INT) OVER (PARTITION BY station, evse, connector ORDER BY t) AS stretch
    FROM classed
),
blamed AS (
    SELECT s.station, s.evse, s.connector, s.t, arg_min(b.owner, (b.width, b.a)) AS owner
    FROM stretches s
    JOIN blame b ON b.station = s.station AND b.evse = s.evse AND b.connector = s.connector AND b.a <= s.t AND b.z > s.t
    WHERE s.class NOT IN ('up', 'unknown')
    GROUP BY ALL
),
owned AS (
    SELECT s.*, coalesce(first_value(b.owner IGNORE NULLS) OVER (
                    PARTITION BY s.station, s.evse, s.connector, s.stretch ORDER BY s.t
                    ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), 'none') AS owner
    FROM stretches s
    LEFT JOIN blamed b USING (station, evse, connector, t)
)
SELECT CASE GROUPING(station, evse, connector, day)
           WHEN 15 THEN 'total' WHEN 14 THEN 'day' WHEN 7 THEN 'station' WHEN 6 THEN 'station_day'
           ELSE 'connector' END AS level,
       station, evse, connector, day,
       coalesce(sum(seconds) FILTER (WHERE class = 'up'), 0.0) AS up_s,
       coalesce(sum(seconds) FILTER (WHERE class = 'offline'), 0.0) AS offline_s,
       coalesce(sum(seconds) FILTER (WHERE class = 'faulted'), 0.0) AS faulted_s,
       coalesce(sum(seconds) FILTER (WHERE class = 'unavailable'), 0.0) AS unavailable_s,
       coalesce(sum(seconds) FILTER (WHERE class = 'unknown'), 0.0) AS unknown_s,
       coalesce(sum(seconds) FILTER (WHERE class NOT IN ('up', 'unknown') AND owner = 'operator'), 0.0)
           AS down_operator_s,
       coalesce(sum(seconds) FILTER (WHERE class NOT IN ('up', 'unknown') AND owner = 'installer'), 0.0)
           AS down_installer_s,
       coalesce(sum(seconds) FILTER (WHERE class NOT IN ('up', 'unknown') AND owner = 'customer'), 0.0)
           AS down_customer_s,
       coalesce(sum(seconds) FILTER (WHERE class NOT IN ('up', 'unknown') AND owner = 'none'), 0.0) AS down_none_s
FROM owned
GROUP BY GROUPING SETS ((), (day), (station), (station, day), (station, evse, connector))
HAVING $bars OR GROUPING(station, evse, connector, day) <> 6
ORDER BY level, station, evse, connector, day
