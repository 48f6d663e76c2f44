-- Whether one frame is stored already: told by its content, for its record id was never kept.
-- grain: one row when it is, none when not
-- inputs: $station, $received_at, $direction, $raw
-- reader: spool of tap mode, once at the owner's start
-- scope: none
SELECT record_id
FROM frame
WHERE station = $station
  AND received_at = $received_at::TIMESTAMP
  AND direction = $direction
  AND raw = $raw
LIMIT 1
