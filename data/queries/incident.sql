-- One incident whole: verdict, evidence, life-cycle, place.
-- grain: one row
-- inputs: $incident_id
-- reader: triage detail, fault
-- scope: visible
SELECT i.* EXCLUDE (members), coalesce(i.site, r.site) AS place, p.address, p.latitude, p.longitude,
       coalesce(r.make, s.make) AS make, coalesce(r.model, s.model) AS model, s.firmware, s.version, s.connected,
       coalesce(i.installer, r.installer) AS installer_of_record,
       coalesce(i.customer, r.customer) AS customer_of_record,
       list_intersect(i.members, (SELECT list(station) FROM visible)) AS members
FROM incident i
LEFT JOIN register r ON r.station = i.station
-- That of a whole site lies where its first station stands.
LEFT JOIN register p ON p.station = coalesce(i.station, CASE WHEN i.scope = 'site' THEN
    list_min(list_intersect(i.members, (SELECT list(station) FROM visible))) END)
LEFT JOIN station s ON s.station = i.station
WHERE i.incident_id = $incident_id
  AND (i.station IN (SELECT station FROM visible)
       OR (i.station IS NULL AND list_has_any(i.members, (SELECT list(station) FROM visible)))
       OR (i.station IS NULL AND len(i.members) = 0 AND EXISTS (FROM house)))
