-- Seconds that connectors worked, did not, or that nobody knows, by the definition `connected_and_operative` of
-- rules.core.uptime: down while the station is offline, or while the connector or the station as a whole says Faulted or
-- Unavailable; unknown before the first status, without a link and in our own blind spells, and outside the percentage;
-- planned while maintenance of the station was planned, and outside the percentage too.
-- Touching is not overlapping; every segment belongs to one class; a connector that never spoke is unknown throughout.
-- down_* splits the down seconds by the owner of the widest incident that lasted then; what came before it in the same
-- unbroken stretch is its too, for silence is noticed late. down_none is what no incident explains.
-- Only what was not up is put in order: up is the rest. A lane is one timeline: each station has one (negative number)
-- for what befalls it as a whole, each connector one (positive) for its own troubles and the station's that touch them.
-- grain: `level` total, day, station, station_day or connector; columns that a level does not have are NULL
-- inputs: $since (UTC), $until (UTC), $station (name, or null for all), $bars (boolean: also station_day)
-- reader: overview, uptime, station, exports, and the home pages of installer and customer
-- scope: visible
WITH fleet AS MATERIALIZED (
    SELECT station, -row_number() OVER () AS lane FROM visible WHERE $station IS NULL OR station = $station
),
heard AS MATERIALIZED (
    -- Intervals of a connector that follow on one another need no ordering: every end but the last is a start.
    SELECT row_number() OVER () AS lane, station, evse, connector, lo, hi, coalesce(chain = hash(lo)::HUGEINT - hash(hi), true) AS unbroken
    FROM (
        SELECT station, evse, connector, min(a) FILTER (told) AS lo, max(z) FILTER (told) AS hi,
               sum(hash(a)::HUGEINT - hash(z)) FILTER (told) AS chain
        FROM (SELECT station, evse, connector, greatest(started_at, $since) AS a,
                     least(coalesce(ended_at, $until), $until) AS z, status <> 'unknown' AND a < z AS told
              FROM state_interval WHERE connector > 0 AND station IN (SELECT station FROM fleet))
        GROUP BY station, evse, connector)
),
links AS (
    SELECT station, greatest(started_at, $since) AS a, least(coalesce(ended_at, $until), $until) AS z, state
    FROM link_interval
    WHERE station IN (SELECT station FROM fleet) AND started_at < $until AND coalesce(ended_at, $until) > $since
),
odd AS (
    SELECT station, evse, connector, greatest(started_at, $since) AS a, least(coalesce(ended_at, $until), $until) AS z,
           CASE status WHEN 'faulted' THEN 1::BIGINT << 24 ELSE 1 << 12 END AS weight
    FROM state_interval
    WHERE status IN ('faulted', 'unavailable') AND station IN (SELECT station FROM fleet)
      AND started_at < $until AND coalesce(ended_at, $until) > $since
),
whole AS (
    SELECT station, a, z, 1::BIGINT << 36 AS weight FROM links WHERE state = 'offline' AND a < z
    UNION ALL SELECT station, a, z, weight FROM odd WHERE connector = 0 AND a < z
    UNION ALL
    SELECT station, greatest(started_at, $since), least(ended_at, $until), 1::BIGINT << 48
    FROM planned_interval
    WHERE station IN (SELECT station FROM fleet) AND started_at < $until AND ended_at > $since AND started_at < ended_at
    UNION ALL
    SELECT station, a, z, 1
    FROM (SELECT station, a AS z, max(z) OVER (PARTITION BY station ORDER BY a, z
                                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS a
          FROM (SELECT station, a, z FROM links
                UNION ALL SELECT station, unnest([$since, $until]), unnest([$since, $until]) FROM fleet))
    WHERE a < z
),
numbered AS MATERIALIZED (
    SELECT * EXCLUDE (apart), sum(apart) OVER (PARTITION BY station ORDER BY a, z ROWS UNBOUNDED PRECEDING) AS island
    FROM (SELECT *, coalesce(a > max(z) OVER (PARTITION BY station ORDER BY a, z
                                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true)::INT AS apart
          FROM whole)
),
islands AS MATERIALIZED (
    SELECT station, island, min(a) AS a, max(z) AS z FROM numbered GROUP BY station, island
),
own AS MATERIALIZED (
    SELECT h.lane, h.station, o.a, o.z, o.weight
    FROM odd o JOIN heard h USING (station, evse, connector) WHERE o.a < o.z
    UNION ALL SELECT lane, station, $since, coalesce(lo, $until), 1 FROM heard WHERE coalesce(lo, $until) > $since
    UNION ALL SELECT lane, station, hi, $until, 1 FROM heard WHERE hi < $until
    UNION ALL
    SELECT lane, station, a, z, 1
    FROM (SELECT h.lane, h.station, greatest(i.started_at, $since) AS z,
                 max(least(coalesce(i.ended_at, $until), $until)) OVER (
                     PARTITION BY h.lane ORDER BY i.started_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS a
          FROM heard h JOIN state_interval i USING (station, evse, connector)
          WHERE NOT h.unbroken AND i.status <> 'unknown' AND i.started_at < $until AND coalesce(i.ended_at, $until) > $since)
    WHERE a < z
),
incidents AS (
    SELECT unnest(CASE WHEN station IS NULL THEN members ELSE [station] END) AS station, coalesce(connector, 0) AS connector,
           owner, greatest(pending_at, $since) AS a, least(coalesce(closed_at, $until), $until) AS z, pending_at,
           list_position(['platform', 'firmware', 'connectivity', 'site', 'station', 'evse', 'connector'], scope) AS width
    FROM incident WHERE pending_at < $until AND coalesce(closed_at, $until) > $since
),
pulled AS MATERIALIZED (
    SELECT DISTINCT o.lane, o.station, i.island
    FROM (SELECT lane, station, a, z FROM own
          UNION ALL
          SELECT h.lane, h.station, n.a, n.z FROM incidents n
          JOIN heard h ON h.station = n.station AND h.connector = n.connector WHERE n.connector > 0) o
    JOIN islands i ON i.station = o.station AND o.a <= i.z AND o.z >= i.a
),
spans AS MATERIALIZED (
    SELECT lane, a, z, weight FROM own
    UNION ALL SELECT lane, a, z, weight FROM numbered JOIN fleet USING (station)
    UNION ALL SELECT p.lane, a, z, weight FROM numbered JOIN pulled p USING (station, island)
),
unseen AS (
    SELECT greatest(started_at, $since) AS a, least(ended_at, $until) AS z
    FROM blind_interval WHERE started_at < $until AND ended_at > $since
),
hidden AS MATERIALIZED (
    SELECT DISTINCT s.lane, b.a, b.z FROM unseen b JOIN spans s ON b.a < s.z AND b.z > s.a
),
blame AS MATERIALIZED (
    SELECT DISTINCT l.lane, n.owner, n.a, n.z, n.width, n.pending_at
    FROM incidents n
    JOIN (SELECT lane, station, connector FROM heard UNION ALL SELECT lane, station, 0 FROM fleet) l
      ON l.station = n.station AND (n.connector = 0 OR n.connector = l.connector)
    JOIN spans s ON s.lane = l.lane AND n.a < s.z AND n.z > s.a AND s.weight > 1
),
edges AS (
    SELECT lane, a AS t, weight FROM spans
    UNION ALL SELECT lane, z, -weight FROM spans
    UNION ALL SELECT lane, a, 1::BIGINT << 56 FROM hidden
    UNION ALL SELECT lane, z, -(1::BIGINT << 56) FROM hidden
    UNION ALL SELECT lane, unnest([a, z]), 0 FROM blame
),
segments AS (
    -- Twelve bits (eight of planned) count the spans of each kind that last at t, the kind that decides in the highest.
    SELECT lane, t, z, CASE WHEN load >= 1::BIGINT << 56 THEN 'blind' WHEN load >= 1::BIGINT << 48 THEN 'planned'
                            WHEN load >= 1::BIGINT << 36 THEN 'offline'
                            WHEN load >= 1 << 24 THEN 'faulted' WHEN load >= 1 << 12 THEN 'unavailable'
                            WHEN load > 0 THEN 'unknown' ELSE 'up' END AS class
    FROM (SELECT lane, t, lead(t) OVER w AS z, sum(weight) OVER w AS load
          FROM (SELECT lane, t, sum(weight)::BIGINT AS weight FROM edges GROUP BY lane, t)
          WINDOW w AS (PARTITION BY lane ORDER BY t ROWS UNBOUNDED PRECEDING))
),
stretches AS MATERIALIZED (
    SELECT *, sum((class IN ('up', 'blind', 'planned', 'unknown'))::INT) OVER (PARTITION BY lane ORDER BY t ROWS UNBOUNDED PRECEDING) AS stretch
    FROM segments WHERE z IS NOT NULL
),
down AS MATERIALIZED (SELECT * FROM stretches WHERE class IN ('offline', 'faulted', 'unavailable')),
blamed AS (
    SELECT d.lane, d.t, arg_min(b.owner, (b.width, b.pending_at)) AS owner
    FROM down d JOIN blame b ON b.lane = d.lane AND b.a <= d.t AND b.z > d.t
    GROUP BY d.lane, d.t
),
owned AS (
    SELECT d.lane, d.t, d.z, d.class,
           coalesce(first_value(b.owner IGNORE NULLS) OVER (
               PARTITION BY d.lane, d.stretch ORDER BY d.t ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING), 'none') AS owner
    FROM down d LEFT JOIN blamed b USING (lane, t)
    UNION ALL SELECT lane, t, z, class, NULL FROM stretches WHERE class IN ('unknown', 'planned')
),
days AS MATERIALIZED (
    SELECT day, greatest(a, $since) AS a, least(z, $until) AS z
    FROM (SELECT d AS day, timezone('UTC', timezone('Europe/Brussels', d::TIMESTAMP)) AS a,
                 timezone('UTC', timezone('Europe/Brussels', (d + 1)::TIMESTAMP)) AS z
          FROM (SELECT unnest(generate_series(CAST($since AS DATE), CAST($until AS DATE) + 1, INTERVAL 1 DAY))::DATE AS d))
    WHERE a < $until AND z > $since
),
blind AS (
    SELECT day, sum(epoch_us(least(b.z, d.z)) - epoch_us(greatest(b.a, d.a))) / 1e6 AS blind_s
    FROM days d
    JOIN (SELECT min(a) AS a, max(z) AS z
          FROM (SELECT a, z, sum(apart) OVER (ORDER BY a, z ROWS UNBOUNDED PRECEDING) AS spell
                FROM (SELECT a, z, coalesce(a > max(z) OVER (ORDER BY a, z ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true)::INT AS apart
                      FROM unseen))
          GROUP BY spell) b ON b.a < d.z AND b.z > d.a
    GROUP BY day
),
clock AS MATERIALIZED (
    SELECT day, (epoch_us(z) - epoch_us(a)) / 1e6 AS window_s, coalesce(blind_s, 0.0) AS blind_s
    FROM days LEFT JOIN blind USING (day)
),
pieces AS MATERIALIZED (
    SELECT o.lane, i.island, d.day, o.class, o.owner, sum(epoch_us(least(o.z, d.z)) - epoch_us(greatest(o.t, d.a))) / 1e6 AS s
    FROM (SELECT *, unnest(generate_series(CAST(t AS DATE), CAST(z AS DATE) + 1, INTERVAL 1 DAY))::DATE AS near FROM owned) o
    JOIN days d ON d.day = o.near AND o.t < d.z AND o.z > d.a
    LEFT JOIN (SELECT lane, island, islands.a, islands.z FROM islands JOIN fleet USING (station)) i
      ON i.lane = o.lane AND i.a <= o.t AND o.t < i.z
    GROUP BY ALL
),
parts AS MATERIALIZED (
    SELECT lane, station, day, class, owner, s FROM pieces JOIN heard USING (lane)
    UNION ALL
    SELECT h.lane, station, day, class, owner, s
    FROM pieces p JOIN fleet f USING (lane) JOIN heard h USING (station)
    WHERE NOT EXISTS (FROM pulled u WHERE u.lane = h.lane AND u.island = p.island)
),
sums AS (
    SELECT GROUPING(lane, station, day) AS grouped, coalesce(lane, 0) AS one_lane, coalesce(station, '') AS one_station,
           coalesce(day, DATE '1970-01-01') AS one_day,
           sum(s) FILTER (class = 'offline') AS offline_s, sum(s) FILTER (class = 'faulted') AS faulted_s,
           sum(s) FILTER (class = 'unavailable') AS unavailable_s, sum(s) FILTER (class = 'unknown') AS gone_s,
           sum(s) FILTER (class = 'planned') AS planned_s,
           sum(s) FILTER (owner = 'operator') AS operator_s, sum(s) FILTER (owner = 'installer') AS installer_s,
           sum(s) FILTER (owner = 'customer') AS customer_s, sum(s) FILTER (owner = 'none') AS none_s
    FROM parts GROUP BY GROUPING SETS ((), (day), (station), (station, day), (lane))
),
counted AS (
    -- A station of which no connector ever spoke counts as one connector.
    SELECT station, count(h.lane) AS heard, (count(h.lane) = 0)::INT AS mute
    FROM fleet LEFT JOIN heard h USING (station) GROUP BY station
),
whole_fleet AS (SELECT sum(heard) AS heard, sum(mute) AS mute FROM counted),
whole_time AS (SELECT sum(window_s) AS window_s, sum(blind_s) AS blind_s FROM clock),
grid AS (
    SELECT 7 AS grouped, 'total' AS level, NULL::BIGINT AS lane, NULL::VARCHAR AS station, NULL::INT AS evse,
           NULL::INT AS connector, NULL::DATE AS day, heard, mute, window_s, blind_s FROM whole_fleet, whole_time
    UNION ALL SELECT 6, 'day', NULL, NULL, NULL, NULL, day, heard, mute, window_s, blind_s FROM whole_fleet, clock
    UNION ALL SELECT 5, 'station', NULL, station, NULL, NULL, NULL, heard, mute, window_s, blind_s FROM counted, whole_time
    UNION ALL SELECT 4, 'station_day', NULL, station, NULL, NULL, day, heard, mute, window_s, blind_s FROM counted, clock WHERE $bars
    UNION ALL SELECT 3, 'connector', lane, station, evse, connector, NULL, 1, 0, window_s, blind_s FROM heard, whole_time
    UNION ALL SELECT 3, 'connector', 0, station, 0, 0, NULL, 0, 1, window_s, blind_s FROM counted, whole_time WHERE mute = 1
)
SELECT g.level, g.station, g.evse, g.connector, g.day,
       greatest(0.0, g.heard * (g.window_s - g.blind_s) - coalesce(s.offline_s, 0) - coalesce(s.faulted_s, 0)
                     - coalesce(s.unavailable_s, 0) - coalesce(s.gone_s, 0) - coalesce(s.planned_s, 0)) AS up_s,
       coalesce(s.offline_s, 0.0) AS offline_s, coalesce(s.faulted_s, 0.0) AS faulted_s,
       coalesce(s.unavailable_s, 0.0) AS unavailable_s,
       g.mute * g.window_s + g.heard * g.blind_s + coalesce(s.gone_s, 0.0) AS unknown_s,
       coalesce(s.planned_s, 0.0) AS planned_s,
       coalesce(s.operator_s, 0.0) AS down_operator_s, coalesce(s.installer_s, 0.0) AS down_installer_s,
       coalesce(s.customer_s, 0.0) AS down_customer_s, coalesce(s.none_s, 0.0) AS down_none_s
FROM grid g
LEFT JOIN sums s ON s.grouped = g.grouped AND s.one_lane = coalesce(g.lane, 0) AND s.one_day = coalesce(g.day, DATE '1970-01-01')
                AND s.one_station = CASE WHEN g.grouped IN (4, 5) THEN g.station ELSE '' END
WHERE g.heard + g.mute > 0
ORDER BY g.level, g.station, g.evse, g.connector, g.day
