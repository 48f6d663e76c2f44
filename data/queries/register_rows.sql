-- The asset register as it was taken in.
-- grain: one row per station
-- inputs: none
-- reader: backtest
-- scope: none
SELECT * FROM register ORDER BY station
