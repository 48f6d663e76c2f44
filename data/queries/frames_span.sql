-- Where the frames asked for lie among all records.
-- grain: one row
-- inputs: $station (NULL: every one), $start, $stop (NULL: no limit)
-- reader: export of frames (command line)
-- scope: none
SELECT min(record_id) AS first_id, max(record_id) AS last_id, count(*) AS frames
FROM frame
WHERE ($station IS NULL OR station = $station)
  AND ($start IS NULL OR received_at >= $start)
  AND ($stop IS NULL OR received_at < $stop)
