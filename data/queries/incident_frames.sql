-- The frames that prove one incident, as received.
-- grain: one row per frame
-- inputs: $incident_id
-- reader: triage detail, fault (helpdesk and installer)
-- scope: visible
WITH proof AS (
    SELECT DISTINCT unnest(CAST(json_extract(evidence, '$[*].record_id') AS BIGINT[])) AS record_id
    FROM incident
    WHERE incident_id = $incident_id
)
SELECT f.record_id, f.received_at, f.station, f.direction, f.version, f.action, f.raw, f.findings
FROM frame f
JOIN proof p USING (record_id)
WHERE f.station IN (SELECT station FROM visible)
ORDER BY f.record_id
LIMIT 50
