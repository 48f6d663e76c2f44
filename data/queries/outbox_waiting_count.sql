-- How many notices wait to be sent.
-- grain: one row
-- inputs: none
-- reader: metrics, at each scrape
-- scope: none
SELECT count(*) AS waiting
FROM notice
WHERE state IN ('queued', 'leased')
