-- Steps of escalation chains that time should have carried out and did not: judgement stands still or forgot them.
-- grain: one row
-- inputs: $due_before (UTC)
-- reader: the owner's watchdog over delivery
-- scope: none
SELECT count(*) AS missed, min(escalate_at) AS oldest_at
FROM incident
WHERE state = 'open' AND escalate_at < $due_before
