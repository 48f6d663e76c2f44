-- Visible stations with where they are, whose they are, their condition now and their gravest open incident.
-- grain: one row per station
-- inputs: $station (name, or null for all)
-- reader: overview, station, fault, uptime, and the home pages of installer and customer
-- scope: visible
WITH connector_now AS (
    SELECT station,
           count(*) FILTER (WHERE connector > 0) AS known_connectors,
           bool_or(status = 'faulted') AS any_faulted,
           bool_or(status = 'charging') AS any_charging,
           bool_or(status NOT IN ('faulted', 'unavailable', 'unknown')) FILTER (WHERE connector > 0) AS any_usable,
           bool_or(status = 'unavailable') AS any_unavailable
    FROM state_interval
    WHERE ended_at IS NULL
    GROUP BY station
),
link_now AS (
    SELECT station, arg_max(state, started_at) AS state, max(started_at) AS since
    FROM link_interval
    WHERE ended_at IS NULL
    GROUP BY station
),
per_station AS (
    SELECT i.incident_id, i.severity, i.pending_at, i.opened_at, i.acknowledged_at, unnest(i.at_stations) AS station
    FROM (SELECT *, CASE WHEN station IS NULL THEN members ELSE [station] END AS at_stations
          FROM incident WHERE state IN ('open', 'recovering')) i
),
open_now AS (
    SELECT station,
           count(*) AS open_incidents,
           arg_min(incident_id, list_position(['critical', 'high', 'medium', 'low'], severity) * 1e12
                                + epoch(pending_at)) AS incident_id
    FROM per_station
    GROUP BY station
)
SELECT v.station, r.site, r.address, r.latitude, r.longitude, r.customer, r.installer,
       coalesce(r.make, s.make) AS make, coalesce(r.model, s.model) AS model, s.serial, s.firmware, s.version,
       s.iccid, s.boot_status, s.booted_at, s.heartbeat_s,
       r.installed_on, r.warranty_until, r.rated_kw, r.connectors,
       r.station IS NOT NULL AS registered,
       s.first_seen_at, s.last_seen_at, s.connected, l.state AS link_state, l.since AS link_since,
       coalesce(c.known_connectors, 0) AS known_connectors,
       coalesce(o.open_incidents, 0) AS open_incidents, o.incident_id,
       CASE WHEN s.station IS NULL OR s.last_seen_at IS NULL THEN 'unknown'
            WHEN l.state = 'offline' THEN 'offline'
            WHEN c.any_faulted THEN 'faulted'
            WHEN c.any_charging THEN 'charging'
            WHEN c.any_usable THEN 'available'
            WHEN c.any_unavailable THEN 'unavailable'
            ELSE 'unknown' END AS condition
FROM visible v
LEFT JOIN register r USING (station)
LEFT JOIN station s USING (station)
LEFT JOIN link_now l USING (station)
LEFT JOIN connector_now c USING (station)
LEFT JOIN open_now o USING (station)
WHERE $station IS NULL OR v.station = $station
ORDER BY v.station
