-- How each destination fares: last success, last trouble, and what it got since a moment.
-- grain: one row per destination
-- inputs: $since (UTC)
-- reader: notices
-- scope: none
WITH lately AS (
    SELECT split_part(destination, '/', 1) AS destination, any_value(party) AS party,
           count(*) FILTER (WHERE state = 'sent') AS sent,
           count(*) FILTER (WHERE state IN ('queued', 'leased')) AS waiting,
           count(*) FILTER (WHERE state = 'dead') AS dead,
           median(date_diff('millisecond', created_at, sent_at)) FILTER (WHERE state = 'sent') / 1000.0 AS median_s
    FROM notice
    WHERE created_at >= $since
    GROUP BY ALL
)
SELECT coalesce(h.destination, l.destination) AS destination, l.party, h.last_ok_at, h.last_error_at, h.last_class,
       h.last_detail, coalesce(h.consecutive_failures, 0) AS consecutive_failures,
       coalesce(l.sent, 0) AS sent, coalesce(l.waiting, 0) AS waiting, coalesce(l.dead, 0) AS dead, l.median_s
FROM destination_health h
FULL JOIN lately l ON l.destination = h.destination
ORDER BY 1
