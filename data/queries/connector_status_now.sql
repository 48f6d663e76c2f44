-- The present status of every connector.
-- grain: one row per connector
-- inputs: none
-- reader: metrics, at the owner's start
-- scope: visible
SELECT station, evse, connector, status
FROM state_interval
WHERE ended_at IS NULL AND station IN (SELECT station FROM visible)
QUALIFY row_number() OVER (PARTITION BY station, evse, connector ORDER BY started_at DESC) = 1
ORDER BY station, evse, connector
