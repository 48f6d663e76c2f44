-- What judgement heard within a period, by time; a frame of a station that says no more has an empty body.
-- grain: one row per observation
-- inputs: $start (UTC, included), $stop (UTC, left out)
-- reader: backtest
-- scope: none
SELECT record_id, n, body, station, happened_at
FROM observation
WHERE happened_at >= $start::TIMESTAMP AND happened_at < $stop::TIMESTAMP
UNION ALL
SELECT record_id, 0, NULL, station, received_at
FROM frame
WHERE received_at >= $start::TIMESTAMP AND received_at < $stop::TIMESTAMP AND direction = 'in'
  AND record_id NOT IN (
      SELECT record_id FROM observation
      WHERE happened_at >= $start::TIMESTAMP AND happened_at < $stop::TIMESTAMP)
ORDER BY happened_at, record_id, n
