-- Filled in by fleet_year.py: {begin} and {now} as timestamps, the rest as numbers.
-- dice(x, n): 0 <= dice < n, the same for the same x.
CREATE OR REPLACE TEMP MACRO dice(x, n) AS (hash(x) % n)::BIGINT;
CREATE TEMP TABLE fleet AS
    SELECT i, printf('BE-%s-%05d', ['GNT','ANR','LEU','BRU','LIE','NAM','BRG','HAS'][1 + i % 8], i) AS station
    FROM range({stations}) r(i);
INSERT INTO register (
    station, site, address, latitude, longitude, make, model, customer, installer, installed_on, warranty_until,
    rated_kw, connectors, imported_at)
    SELECT station, 'Site ' || (i // 4), 'Kaai ' || i || ', 9000 Gent',
           49.7 + dice(('y', i // 4), 1500) / 1000.0, 3.0 + dice(('x', i // 4), 2900) / 1000.0,
           ['Alfen','ABB','EVBox','Kempower'][1 + i % 4], 'M' || (i % 9), 'Klant ' || (i % 400),
           'Installateur ' || (i % 40), DATE '2024-03-18', DATE '2027-03-18', 22, {connectors}, now()::TIMESTAMP
    FROM fleet WHERE i % 50 <> 7;
INSERT INTO station
    SELECT station, {begin}, {now} - to_seconds(dice(('seen', i), 250)), dice(('off', i), 50) > 0, {begin}, NULL, '1.6',
           'Alfen', 'NG910', 'SN' || i, '6.' || (i % 5), NULL, NULL, 300, 'Accepted', {begin}
    FROM fleet;
CREATE TEMP TABLE outage AS
    SELECT station, i, n, {begin} + to_seconds((n * ({span_s} / 13) + dice(('o', i, n), {span_s} // 14))::BIGINT) AS a,
           60 * (6 + dice(('ol', i, n), 200)) AS s
    FROM fleet, range(1, 12) r(n);
INSERT INTO link_interval
    SELECT station, t, lead(t) OVER (PARTITION BY station ORDER BY t), state FROM (
        SELECT station, {begin} AS t, 'online' AS state FROM fleet
        UNION ALL SELECT station, a, 'offline' FROM outage
        UNION ALL SELECT station, a + to_seconds(s), 'online' FROM outage
        UNION ALL SELECT station, {now} - INTERVAL 3 HOUR, 'offline' FROM fleet WHERE dice(('off', i), 50) = 0)
    ORDER BY t;
INSERT INTO blind_interval
    SELECT {begin} + to_seconds(n * ({span_s} // 21)), {begin} + to_seconds(n * ({span_s} // 21) + 300), 'owner_down'
    FROM range(1, 21) r(n);
CREATE TEMP TABLE visit AS
    SELECT station, i, c, k, {begin} + to_seconds((k * ({span_s} / {visits}))::BIGINT
               + dice(('p', i, c), {span_s} // {visits}) + dice(('v', i, c, k), {span_s} // {visits} // 3)) AS a,
           1200 + dice(('d', i, c, k), {span_s} // {visits} // 10) AS s
    FROM fleet, range(1, {connectors} + 1) x(c), range({visits}) r(k) WHERE a < {now};
INSERT INTO session
    SELECT station || '/' || c || '/' || k, station, c, c, k::VARCHAR, 'tok_0123456789abcdef', a,
           CASE WHEN a + to_seconds(s) < {now} THEN a + to_seconds(s) END, 1000, 1000 + s * 2, s * 2.0, 11000, 'Local',
           NULL
    FROM visit ORDER BY a;
CREATE TEMP TABLE turn AS
    SELECT station, c, {begin} AS t, 'available' AS status FROM (SELECT DISTINCT station, c FROM visit)
    UNION ALL SELECT station, c, a + INTERVAL 1 SECOND, 'charging' FROM visit
    UNION ALL
    SELECT station, c, a + to_seconds(s), CASE WHEN dice(('f', i, c, k), 20) = 0 THEN 'faulted' ELSE 'available' END
    FROM visit WHERE a + to_seconds(s) < {now}
    UNION ALL
    SELECT station, c, a + to_seconds(s + 60 * dice(('fl', i, c, k), 200) + 60), 'available' FROM visit
    WHERE dice(('f', i, c, k), 20) = 0 AND k < {visits} - 1 - dice(('lasting', i), 40) % 2;
INSERT INTO state_interval
    SELECT station, c, c, t, lead(t) OVER (PARTITION BY station, c ORDER BY t, status), status,
           CASE WHEN status = 'faulted' THEN 'GroundFailure' END, NULL, NULL
    FROM (SELECT DISTINCT ON (station, c, t) * FROM turn ORDER BY station, c, t, status)
    ORDER BY t;
INSERT INTO connector SELECT DISTINCT station, evse, connector FROM state_interval;
INSERT INTO incident (
    incident_id, key, state, scope, station, site, evse, connector, fault, side, cause, owner, task, severity,
    confidence, imminent, safety, rule_id, rule_version, parent, members, installer, customer, pending_at, opened_at,
    recovering_at, closed_at, acknowledged_at, acknowledged_by, assignee, overruled_by, suppression, route_rule,
    route_why, count, evidence, updated_at)
    SELECT 'i' || lpad((i * 100 + n)::VARCHAR, 15, '0'), 'k' || i || '/' || n, if(n = 11 AND i % 7 = 0, 'open', 'resolved'),
           'station', station, NULL, NULL, NULL, 'station.offline', 'hardware', 'local_network',
           ['operator','installer','customer'][1 + (i + n) % 3], 'installer.network', ['critical','high','medium','low'][1 + i % 4],
           0.85, false, false, 'r', '1', NULL, [], 'Installateur ' || (i % 40), 'Klant ' || (i % 400),
           a, a + INTERVAL 1 MINUTE, NULL, if(n = 11 AND i % 7 = 0, NULL, a + to_seconds(s)),
           if(i % 3 = 0, a + INTERVAL 5 MINUTE, NULL), if(i % 3 = 0, 'els@mobiflow.example', NULL), NULL, NULL, [],
           NULL, NULL, 1, '[]', a
    FROM outage ORDER BY a;
INSERT INTO incident_event
    SELECT incident_id, 1, pending_at, 'opened', NULL, '{{}}' FROM incident;
INSERT INTO notice (
    dedup_key, incident_id, destination, party, seq, reason, language, subject, body, state, suppressed, attempts,
    not_before, lease_until, last_class, last_code, last_detail, created_at, sent_at)
    SELECT incident_id || '/h/1', incident_id, 'helpdesk', 'operator', 1, 'first', 'nl', 'Station', 'Body', 'sent', NULL, 1,
           pending_at, NULL, 'sent', 250, NULL, pending_at, pending_at + INTERVAL 1 SECOND
    FROM incident;
INSERT INTO frame
    SELECT 1 + n, {now} - to_microseconds(({frames} - n) * 86400000000 // {frames}),
           f.station, 'in', '1.6', 2, n::VARCHAR, 'Heartbeat',
           '[2,"' || n || '","Heartbeat",{{}}]', CASE WHEN n % 97 = 0 THEN ['missing_field'] ELSE [] END, NULL
    FROM range({frames}) r(n) JOIN fleet f ON f.i = n % {stations} ORDER BY n;
