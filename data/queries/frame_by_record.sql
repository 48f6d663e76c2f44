-- One stored frame.
-- grain: one row, or none
-- inputs: $record_id (integer)
-- reader: `laadwacht explain-frame`
-- scope: none
SELECT record_id, received_at, station, direction, version, type, message_id, action, raw, findings
FROM frame
WHERE record_id = $record_id
