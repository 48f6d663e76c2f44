-- What waits to be sent, what was left behind, and what was given up since a moment.
-- grain: one row per destination with anything unsent or given up
-- inputs: $now (UTC), $due_before (UTC: due before this and still untouched is overdue), $since (UTC)
-- reader: the owner's watchdog over delivery
-- scope: none
SELECT split_part(destination, '/', 1) AS destination,  -- customers who subscribed share one way out
       count(*) FILTER (WHERE state = 'queued') AS queued,
       count(*) FILTER (WHERE state = 'leased') AS leased,
       count(*) FILTER (WHERE (state = 'queued' AND not_before < $due_before AND NOT held_back)
                           OR (state = 'leased' AND lease_until < $now)) AS overdue,
       count(*) FILTER (WHERE state = 'dead') AS dead,
       min(created_at) FILTER (WHERE state IN ('queued', 'leased')) AS oldest_unsent_at
FROM (
    SELECT *, EXISTS (
        SELECT 1 FROM notice e
        WHERE e.incident_id = n.incident_id AND e.destination = n.destination AND e.seq < n.seq
          AND e.state IN ('queued', 'leased')) AS held_back
    FROM notice n
    WHERE state IN ('queued', 'leased') OR (state = 'dead' AND created_at >= $since)
)
GROUP BY ALL
ORDER BY 1
