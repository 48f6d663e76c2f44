-- How many incidents are open or recovering, by who must act.
-- grain: one row per side, owner and severity that has any
-- inputs: none
-- reader: metrics, at each scrape
-- scope: none
SELECT side, owner, severity, count(*) AS incidents
FROM incident
WHERE state IN ('open', 'recovering')
GROUP BY side, owner, severity
ORDER BY side, owner, severity
