-- The first and the last instant of anything that was observed; empty while nothing is stored.
-- grain: one row
-- inputs: none
-- reader: backtest
-- scope: none
SELECT min(first_at) AS first_at, max(last_at) AS last_at
FROM (
    SELECT min(happened_at) AS first_at, max(happened_at) AS last_at FROM observation
    UNION ALL
    SELECT min(received_at), max(received_at) FROM frame
)
