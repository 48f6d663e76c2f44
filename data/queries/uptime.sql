-- Seconds that connectors worked, did not, or that nobody knows, by the definition `connected_and_operative` of
-- rules.core.uptime: down while the station is offline, or while the connector or the station as a whole says Faulted or
-- Unavailable; unknown before the first status, without a link and in our own blind spells, and outside the percentage;
-- planned while maintenance of the station was planned, and outside the percentage too.
-- Touching is not overlapping; every segment belongs to one class; a connector that never spoke is unknown throughout.
-- down_* splits the down seconds by the owner of the widest incident that lasted then; what came before it in the same
-- unbroken stretch is its too, for silence is noticed late. down_none is what no incident explains. excused_s are those
-- of an incident that car, driver or somebody outside caused: for `nevi` no outage. `reported` is unknown while offline.
-- Whole days come from uptime_day, unless an interval of theirs changed since; the rest is computed here, a day (or what
-- the window holds of it) by itself, so that both add up: a stretch that no incident explains before midnight is whose
-- it turns out to be after it. Only what was not up is added up: up is the rest.
-- grain: `level` total, day, station, station_day or connector; columns that a level does not have are NULL
-- inputs: $since (UTC), $until (UTC), $station (name, or null for all), $levels (list of the levels wanted)
-- reader: overview, uptime, station, exports, and the home pages of installer and customer
-- scope: visible
WITH fleet AS MATERIALIZED (
    SELECT station FROM visible WHERE $station IS NULL OR station = $station
),
days AS MATERIALIZED (
    SELECT day, greatest(a, $since) AS a, least(z, $until) AS z, a >= $since AND z <= $until AS entire
    FROM (SELECT d AS day, timezone('UTC', timezone('Europe/Brussels', d::TIMESTAMP)) AS a,
                 timezone('UTC', timezone('Europe/Brussels', (d + 1)::TIMESTAMP)) AS z
          FROM (SELECT unnest(generate_series(CAST($since AS DATE), CAST($until AS DATE) + 1, INTERVAL 1 DAY))::DATE AS d))
    WHERE a < $until AND z > $since
),
born AS MATERIALIZED (
    -- Nothing is known of the time before.
    SELECT least((SELECT min(started_at) FROM state_interval), (SELECT min(started_at) FROM link_interval),
                 (SELECT min(started_at) FROM planned_interval)) AS born_at
),
kept AS MATERIALIZED (SELECT day, a, z FROM days SEMI JOIN uptime_rolled USING (day) WHERE entire),
stale AS MATERIALIZED (
    SELECT DISTINCT f.station, k.day, k.a, k.z
    FROM (SELECT station, min(started_at) AS a, max(ended_at) AS z FROM uptime_stale
          GROUP BY station, started_at::DATE) s
    JOIN kept k ON s.a < k.z AND s.z > k.a
    JOIN fleet f ON s.station IS NULL OR s.station = f.station
),
todo AS MATERIALIZED (
    SELECT station, day, a, z FROM stale
    UNION ALL
    SELECT station, day, a, z FROM fleet, (SELECT * FROM days ANTI JOIN kept USING (day)) d
    WHERE z > (SELECT born_at FROM born)
),
restless AS MATERIALIZED (SELECT DISTINCT station FROM stale),
reach AS MATERIALIZED (
    -- What is not kept lies before and after what is; where there are holes, the first stretch is all of the window.
    SELECT lo AS lo1, CASE WHEN holes THEN hi ELSE coalesce(first_kept, hi) END AS hi1,
           CASE WHEN holes THEN hi ELSE coalesce(last_kept, hi) END AS lo2, hi AS hi2, coalesce(lo3, hi) AS lo3, coalesce(hi3, lo) AS hi3
    FROM (SELECT min(a) AS lo, max(z) AS hi FROM days), (SELECT min(a) AS first_kept, max(z) AS last_kept FROM kept),
         (SELECT coalesce(count(*) <= max(day) - min(day), false) AS holes FROM kept), (SELECT min(a) AS lo3, max(z) AS hi3 FROM stale)
),
-- part: uptime_pieces
found AS MATERIALIZED (
    SELECT * FROM uptime_day SEMI JOIN kept USING (day) SEMI JOIN fleet USING (station) ANTI JOIN stale USING (station, day)
    UNION ALL BY NAME
    SELECT * FROM pieces
),
heirs AS (
    -- Whose a tail is: of the head of the first following day that was not down all through without an explanation.
    SELECT * FROM (
        SELECT station, evse, connector, day, tail_s, first_value(head IGNORE NULLS) OVER (
                   PARTITION BY station, evse, connector, run ORDER BY day ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS head
        FROM (SELECT *, sum(apart) OVER (PARTITION BY station, evse, connector ORDER BY day ROWS UNBOUNDED PRECEDING) AS run
              FROM (SELECT station, evse, connector, day, tail_s,
                           CASE WHEN NOT through THEN {'owner': head_owner, 'excused': head_excused} END AS head,
                           coalesce(day - lag(day) OVER (PARTITION BY station, evse, connector ORDER BY day) <> 1, true)::INT AS apart
                    FROM found WHERE tail_s > 0 OR head_owner IS NOT NULL)))
    WHERE tail_s > 0 AND head.owner IS NOT NULL
),
parts AS MATERIALIZED (
    SELECT station, evse, connector, day, offline_s, faulted_s, unavailable_s, unknown_s AS gone_s, planned_s,
           operator_s, installer_s, customer_s, none_s, excused_s
    FROM found
    UNION ALL
    SELECT station, evse, connector, day, 0, 0, 0, 0, 0, CASE WHEN head.owner = 'operator' THEN tail_s ELSE 0 END,
           CASE WHEN head.owner = 'installer' THEN tail_s ELSE 0 END, CASE WHEN head.owner = 'customer' THEN tail_s ELSE 0 END,
           CASE WHEN head.owner = 'none' THEN 0 ELSE -tail_s END, CASE WHEN head.excused THEN tail_s ELSE 0 END
    FROM heirs
),
of_connector AS MATERIALIZED (
    SELECT station, evse, connector, sum(offline_s) AS offline_s, sum(faulted_s) AS faulted_s, sum(unavailable_s) AS unavailable_s, sum(gone_s) AS gone_s,
           sum(planned_s) AS planned_s, sum(operator_s) AS operator_s, sum(installer_s) AS installer_s, sum(customer_s) AS customer_s,
           sum(none_s) AS none_s, sum(excused_s) AS excused_s
    FROM parts GROUP BY station, evse, connector
),
sums AS (
    SELECT 'total' AS level, NULL AS station, NULL AS evse, NULL AS connector, NULL::DATE AS day, sum(offline_s) AS offline_s, sum(faulted_s) AS faulted_s, sum(unavailable_s) AS unavailable_s, sum(gone_s) AS gone_s,
           sum(planned_s) AS planned_s, sum(operator_s) AS operator_s, sum(installer_s) AS installer_s, sum(customer_s) AS customer_s,
           sum(none_s) AS none_s, sum(excused_s) AS excused_s FROM of_connector
    UNION ALL SELECT 'day', NULL, NULL, NULL, day, sum(offline_s) AS offline_s, sum(faulted_s) AS faulted_s, sum(unavailable_s) AS unavailable_s, sum(gone_s) AS gone_s,
           sum(planned_s) AS planned_s, sum(operator_s) AS operator_s, sum(installer_s) AS installer_s, sum(customer_s) AS customer_s,
           sum(none_s) AS none_s, sum(excused_s) AS excused_s FROM parts GROUP BY day
    UNION ALL SELECT 'station', station, NULL, NULL, NULL, sum(offline_s) AS offline_s, sum(faulted_s) AS faulted_s, sum(unavailable_s) AS unavailable_s, sum(gone_s) AS gone_s,
           sum(planned_s) AS planned_s, sum(operator_s) AS operator_s, sum(installer_s) AS installer_s, sum(customer_s) AS customer_s,
           sum(none_s) AS none_s, sum(excused_s) AS excused_s FROM of_connector GROUP BY station
    UNION ALL SELECT 'station_day', station, NULL, NULL, day, sum(offline_s) AS offline_s, sum(faulted_s) AS faulted_s, sum(unavailable_s) AS unavailable_s, sum(gone_s) AS gone_s,
           sum(planned_s) AS planned_s, sum(operator_s) AS operator_s, sum(installer_s) AS installer_s, sum(customer_s) AS customer_s,
           sum(none_s) AS none_s, sum(excused_s) AS excused_s FROM parts WHERE list_contains($levels, 'station_day') GROUP BY station, day
    UNION ALL SELECT 'connector', station, evse, connector, NULL, sum(offline_s) AS offline_s, sum(faulted_s) AS faulted_s, sum(unavailable_s) AS unavailable_s, sum(gone_s) AS gone_s,
           sum(planned_s) AS planned_s, sum(operator_s) AS operator_s, sum(installer_s) AS installer_s, sum(customer_s) AS customer_s,
           sum(none_s) AS none_s, sum(excused_s) AS excused_s FROM of_connector GROUP BY station, evse, connector
),
unseen AS (
    SELECT day, sum(epoch_us(least(b.z, d.z)) - epoch_us(greatest(b.a, d.a))) / 1e6 AS blind_s
    FROM days d
    JOIN (SELECT min(a) AS a, max(z) AS z
          FROM (SELECT a, z, sum(apart) OVER (ORDER BY a, z ROWS UNBOUNDED PRECEDING) AS spell
                FROM (SELECT started_at AS a, ended_at AS z,
                             coalesce(a > max(z) OVER (ORDER BY a, z ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), true)::INT AS apart
                      FROM blind_interval WHERE started_at < $until AND ended_at > $since))
          GROUP BY spell) b ON b.a < d.z AND b.z > d.a
    GROUP BY day
),
clock AS MATERIALIZED (
    SELECT day, (epoch_us(z) - epoch_us(a)) / 1e6 AS window_s, coalesce(blind_s, 0.0) AS blind_s,
           CASE WHEN coalesce(z > (SELECT born_at FROM born), false) THEN 0.0 ELSE window_s - coalesce(blind_s, 0.0) END AS before_s
    FROM days LEFT JOIN unseen USING (day)
),
heard AS MATERIALIZED (SELECT station, evse, connector FROM connector SEMI JOIN fleet USING (station)),
counted AS MATERIALIZED (
    -- A station of which no connector ever spoke counts as one connector.
    SELECT station, count(connector) AS heard, (count(connector) = 0)::INT AS mute
    FROM fleet LEFT JOIN heard USING (station) GROUP BY station
),
whole_fleet AS (SELECT sum(heard) AS heard, sum(mute) AS mute FROM counted),
whole_time AS (SELECT sum(window_s) AS window_s, sum(blind_s) AS blind_s, sum(before_s) AS before_s FROM clock),
grid AS (
    SELECT 'total' AS level, NULL::VARCHAR AS station, NULL::INT AS evse, NULL::INT AS connector, NULL::DATE AS day,
           heard, mute, window_s, blind_s, before_s FROM whole_fleet, whole_time
    UNION ALL SELECT 'day', NULL, NULL, NULL, day, heard, mute, window_s, blind_s, before_s FROM whole_fleet, clock
    UNION ALL SELECT 'station', station, NULL, NULL, NULL, heard, mute, window_s, blind_s, before_s FROM counted, whole_time
    UNION ALL SELECT 'station_day', station, NULL, NULL, day, heard, mute, window_s, blind_s, before_s FROM counted, clock WHERE list_contains($levels, 'station_day')
    UNION ALL SELECT 'connector', station, evse, connector, NULL, 1, 0, window_s, blind_s, before_s FROM heard, whole_time
    UNION ALL SELECT 'connector', station, 0, 0, NULL, 0, 1, window_s, blind_s, before_s FROM counted, whole_time WHERE mute = 1
)
SELECT g.level, g.station, g.evse, g.connector, g.day,
       greatest(0.0, g.heard * (g.window_s - g.blind_s - g.before_s) - coalesce(s.offline_s, 0) - coalesce(s.faulted_s, 0)
                     - coalesce(s.unavailable_s, 0) - coalesce(s.gone_s, 0) - coalesce(s.planned_s, 0)) AS up_s,
       coalesce(s.offline_s, 0.0) AS offline_s, coalesce(s.faulted_s, 0.0) AS faulted_s,
       coalesce(s.unavailable_s, 0.0) AS unavailable_s,
       g.mute * g.window_s + g.heard * (g.blind_s + g.before_s) + coalesce(s.gone_s, 0.0) AS unknown_s,
       coalesce(s.planned_s, 0.0) AS planned_s,
       coalesce(s.operator_s, 0.0) AS down_operator_s, coalesce(s.installer_s, 0.0) AS down_installer_s,
       coalesce(s.customer_s, 0.0) AS down_customer_s, coalesce(s.none_s, 0.0) AS down_none_s,
       coalesce(s.excused_s, 0.0) AS excused_s
FROM (SELECT * FROM grid WHERE list_contains($levels, level)) g
LEFT JOIN (SELECT * FROM sums WHERE list_contains($levels, level)) s ON s.level = g.level AND coalesce(s.station, '') = coalesce(g.station, '') AND coalesce(s.evse, 0) = coalesce(g.evse, 0)
                AND coalesce(s.connector, 0) = coalesce(g.connector, 0)
                AND coalesce(s.day, DATE '1970-01-01') = coalesce(g.day, DATE '1970-01-01')
WHERE g.heard + g.mute > 0
ORDER BY g.level, g.station, g.evse, g.connector, g.day
