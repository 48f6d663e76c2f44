-- Frames of one run of record ids, in the order of receipt. The payload is what stands in the message for it.
-- grain: one row per frame
-- inputs: $after, $upto (record ids), $station (NULL: every one), $start, $stop (NULL: no limit)
-- reader: export of frames (command line)
-- scope: none
SELECT record_id, received_at, station, direction, version, type, message_id, action,
       CASE WHEN json_valid(raw) THEN
           CASE type
               WHEN 2 THEN json_extract(raw, '$[3]')
               WHEN 3 THEN json_extract(raw, '$[2]')
               WHEN 4 THEN json_extract(raw, '$[4]')
               WHEN 5 THEN json_extract(raw, '$[4]')
               WHEN 6 THEN json_extract(raw, '$[3]')
           END
       END::VARCHAR AS payload,
       raw, findings
FROM frame
WHERE record_id > $after AND record_id <= $upto
  AND ($station IS NULL OR station = $station)
  AND ($start IS NULL OR received_at >= $start)
  AND ($stop IS NULL OR received_at < $stop)
ORDER BY record_id
