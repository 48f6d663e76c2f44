-- Seconds of connectors within pieces of time, each piece by itself, by the definition in uptime.sql.
-- needs: todo(station, day, a, z), the piece [a, z) of a day of a station, one a day at most; reach(lo1, hi1, lo2, hi2,
-- lo3, hi3), one row of up to three stretches of time that hold all pieces, the third only those of restless(station); none is NULL.
-- gives: pieces, one row per connector and piece that was anything but up or blind all along. Plain connectors are found
-- by sums alone and left out: where every end but the last is a start (they hash to the same sum), there is no gap.
lanes AS MATERIALIZED (
    SELECT row_number() OVER () AS lane, t.station, c.evse, c.connector, t.day, t.a, t.z
    FROM todo t JOIN connector c USING (station)
),
told AS MATERIALIZED (
    SELECT t.station, i.evse, i.connector, t.day, greatest(i.lo, t.a) AS a, least(i.hi, t.z) AS z, i.status
    FROM (SELECT station, evse, connector, status, lo, hi, unnest(list_distinct(list_concat(
                     generate_series(greatest(lo, lo1)::DATE, least(hi, hi1)::DATE + 1, INTERVAL 1 DAY),
                     generate_series(greatest(lo, lo2)::DATE, least(hi, hi2)::DATE + 1, INTERVAL 1 DAY),
                     generate_series(greatest(lo, lo3)::DATE, least(hi, hi3)::DATE + 1, INTERVAL 1 DAY))))::DATE AS day
          FROM (SELECT *, started_at AS lo, coalesce(ended_at, TIMESTAMP '9999-01-01') AS hi FROM state_interval), reach
          WHERE lo < hi AND (lo < hi1 AND hi > lo1 OR lo < hi2 AND hi > lo2 OR lo < hi3 AND hi > lo3 AND station IN (FROM restless))) i
    JOIN todo t USING (station, day)
    WHERE i.lo < t.z AND i.hi > t.a
),
linked AS MATERIALIZED (
    SELECT t.station, t.day, greatest(i.lo, t.a) AS a, least(i.hi, t.z) AS z, i.state
    FROM (SELECT station, state, lo, hi, unnest(list_distinct(list_concat(
                     generate_series(greatest(lo, lo1)::DATE, least(hi, hi1)::DATE + 1, INTERVAL 1 DAY),
                     generate_series(greatest(lo, lo2)::DATE, least(hi, hi2)::DATE + 1, INTERVAL 1 DAY),
                     generate_series(greatest(lo, lo3)::DATE, least(hi, hi3)::DATE + 1, INTERVAL 1 DAY))))::DATE AS day
          FROM (SELECT *, started_at AS lo, coalesce(ended_at, TIMESTAMP '9999-01-01') AS hi FROM link_interval), reach
          WHERE lo < hi AND (lo < hi1 AND hi > lo1 OR lo < hi2 AND hi > lo2 OR lo < hi3 AND hi > lo3 AND station IN (FROM restless))) i
    JOIN todo t USING (station, day)
    WHERE i.lo < t.z AND i.hi > t.a
),
away AS MATERIALIZED (
    SELECT t.station, t.day, greatest(i.started_at, t.a) AS a, least(i.ended_at, t.z) AS z
    FROM planned_interval i JOIN todo t USING (station)
    WHERE i.started_at < t.z AND i.ended_at > t.a AND i.started_at < i.ended_at
),
plain_station AS (
    SELECT t.station, t.day
    FROM todo t JOIN (
        SELECT station, day, min(a) AS lo, max(z) AS hi, bool_and(state = 'online') AS fine,
               sum(hash(a)::HUGEINT - hash(z)) AS chain
        FROM linked GROUP BY station, day) l USING (station, day)
    WHERE l.fine AND l.lo = t.a AND l.hi = t.z AND l.chain = hash(t.a)::HUGEINT - hash(t.z)
      AND NOT EXISTS (FROM away w WHERE w.station = t.station AND w.day = t.day)
      AND NOT EXISTS (FROM told w WHERE w.station = t.station AND w.day = t.day AND w.connector = 0
                                    AND w.status IN ('faulted', 'unavailable'))
),
plain AS (
    SELECT l.lane
    FROM lanes l JOIN plain_station USING (station, day) JOIN (
        SELECT station, evse, connector, day, min(a) AS lo, max(z) AS hi,
               bool_and(status NOT IN ('faulted', 'unavailable', 'unknown')) AS fine,
               sum(hash(a)::HUGEINT - hash(z)) AS chain
        FROM told WHERE connector > 0 GROUP BY station, evse, connector, day) s USING (station, evse, connector, day)
    WHERE s.fine AND s.lo = l.a AND s.hi = l.z AND s.chain = hash(l.a)::HUGEINT - hash(l.z)
),
odd AS MATERIALIZED (SELECT * FROM lanes ANTI JOIN plain USING (lane)),
incidents AS (
    SELECT unnest(CASE WHEN station IS NULL THEN members ELSE [station] END) AS station, coalesce(connector, 0) AS connector,
           owner, cause IN ('vehicle', 'driver', 'external') AS excused, pending_at,
           coalesce(closed_at, TIMESTAMP 'infinity') AS closed_at,
           list_position(['platform', 'firmware', 'connectivity', 'site', 'station', 'evse', 'connector'], scope) AS width
    FROM incident
    WHERE pending_at < (SELECT max(z) FROM todo) AND coalesce(closed_at, TIMESTAMP 'infinity') > (SELECT min(a) FROM todo)
),
blame AS MATERIALIZED (
    SELECT o.lane, n.owner, n.excused, greatest(n.pending_at, o.a) AS a, least(n.closed_at, o.z) AS z, n.width, n.pending_at
    FROM incidents n JOIN odd o
      ON o.station = n.station AND (n.connector = 0 OR n.connector = o.connector) AND n.pending_at < o.z AND n.closed_at > o.a
),
spans AS (
    -- What counts at a moment: told and linked must both be there, and each of the others decides before them.
    SELECT lane, w.a, w.z, (status <> 'unknown')::INT AS told, 0 AS linked, (status = 'unavailable')::INT AS unavailable,
           (status = 'faulted')::INT AS faulted, 0 AS offline, 0 AS planned, 0 AS blind
    FROM told w JOIN odd USING (station, evse, connector, day)
    UNION ALL
    SELECT lane, w.a, w.z, 0, 0, (status = 'unavailable')::INT, (status = 'faulted')::INT, 0, 0, 0
    FROM told w JOIN odd USING (station, day) WHERE w.connector = 0 AND status IN ('faulted', 'unavailable')
    UNION ALL
    SELECT lane, w.a, w.z, 0, 1, 0, 0, (state = 'offline')::INT, 0, 0 FROM linked w JOIN odd USING (station, day)
    UNION ALL
    SELECT lane, w.a, w.z, 0, 0, 0, 0, 0, 1, 0 FROM away w JOIN odd USING (station, day)
    UNION ALL
    SELECT lane, greatest(b.started_at, o.a), least(b.ended_at, o.z), 0, 0, 0, 0, 0, 0, 1
    FROM blind_interval b JOIN odd o ON b.started_at < o.z AND b.ended_at > o.a AND b.started_at < b.ended_at
    UNION ALL
    SELECT lane, a, z, 0, 0, 0, 0, 0, 0, 0 FROM odd
    UNION ALL
    SELECT lane, a, z, 0, 0, 0, 0, 0, 0, 0 FROM blame
),
edges AS (
    SELECT lane, a AS t, told, linked, unavailable, faulted, offline, planned, blind FROM spans
    UNION ALL SELECT lane, z, -told, -linked, -unavailable, -faulted, -offline, -planned, -blind FROM spans
),
moments AS (
    SELECT lane, t, sum(told) AS told, sum(linked) AS linked, sum(unavailable) AS unavailable, sum(faulted) AS faulted,
           sum(offline) AS offline, sum(planned) AS planned, sum(blind) AS blind
    FROM edges GROUP BY lane, t
),
segments AS (
    SELECT lane, t, lead(t) OVER w AS z,
           CASE WHEN sum(blind) OVER w > 0 THEN 'blind' WHEN sum(planned) OVER w > 0 THEN 'planned'
                WHEN sum(offline) OVER w > 0 THEN 'offline' WHEN sum(faulted) OVER w > 0 THEN 'faulted'
                WHEN sum(unavailable) OVER w > 0 THEN 'unavailable'
                WHEN sum(told) OVER w = 0 OR sum(linked) OVER w = 0 THEN 'unknown' ELSE 'up' END AS class
    FROM moments
    WINDOW w AS (PARTITION BY lane ORDER BY t ROWS UNBOUNDED PRECEDING)
),
stretches AS MATERIALIZED (
    SELECT *, sum((class NOT IN ('offline', 'faulted', 'unavailable'))::INT) OVER (
               PARTITION BY lane ORDER BY t ROWS UNBOUNDED PRECEDING) AS stretch
    FROM segments WHERE z IS NOT NULL
),
down AS MATERIALIZED (SELECT * FROM stretches WHERE class IN ('offline', 'faulted', 'unavailable')),
blamed AS (
    SELECT d.lane, d.t, arg_min({'owner': b.owner, 'excused': b.excused}, (b.width, b.pending_at)) AS whose
    FROM down d JOIN blame b ON b.lane = d.lane AND b.a <= d.t AND b.z > d.t
    GROUP BY d.lane, d.t
),
owned AS (
    -- What came before an incident in the same stretch is its too, for silence is noticed late.
    SELECT d.lane, d.t, d.z, d.class, max(d.z) OVER (PARTITION BY d.lane, d.stretch) AS until,
           first_value(b.whose IGNORE NULLS) OVER (
               PARTITION BY d.lane, d.stretch ORDER BY d.t ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS whose
    FROM down d LEFT JOIN blamed b USING (lane, t)
    UNION ALL
    SELECT lane, t, z, class, NULL, NULL FROM stretches WHERE class IN ('unknown', 'planned')
),
lengths AS (SELECT *, (epoch_us(z) - epoch_us(t)) / 1e6 AS s FROM owned),
pieces AS MATERIALIZED (
    SELECT o.day, o.station, o.evse, o.connector,
           coalesce(sum(s) FILTER (class = 'offline'), 0) AS offline_s,
           coalesce(sum(s) FILTER (class = 'faulted'), 0) AS faulted_s,
           coalesce(sum(s) FILTER (class = 'unavailable'), 0) AS unavailable_s,
           coalesce(sum(s) FILTER (class = 'unknown'), 0) AS unknown_s,
           coalesce(sum(s) FILTER (class = 'planned'), 0) AS planned_s,
           coalesce(sum(s) FILTER (whose.owner = 'operator'), 0) AS operator_s,
           coalesce(sum(s) FILTER (whose.owner = 'installer'), 0) AS installer_s,
           coalesce(sum(s) FILTER (whose.owner = 'customer'), 0) AS customer_s,
           coalesce(sum(s) FILTER (until IS NOT NULL AND coalesce(whose.owner, 'none') = 'none'), 0) AS none_s,
           coalesce(sum(s) FILTER (whose.excused), 0) AS excused_s,
           coalesce(sum(s) FILTER (whose IS NULL AND until = o.z), 0) AS tail_s,
           coalesce(bool_or(whose IS NULL AND until = o.z AND n.t = o.a), false) AS through,
           any_value(whose.owner) FILTER (until IS NOT NULL AND n.t = o.a) AS head_owner,
           any_value(whose.excused) FILTER (until IS NOT NULL AND n.t = o.a) AS head_excused
    FROM lengths n JOIN odd o USING (lane)
    GROUP BY o.lane, o.day, o.station, o.evse, o.connector
),
