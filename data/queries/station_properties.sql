-- What a station is and how it is set, now and before: make, firmware, SIM card (masked), configuration.
-- grain: one row per property and period; `until` is NULL for what holds now
-- inputs: $station
-- reader: station
-- scope: visible
SELECT property, value, since, until, source, readonly
FROM station_property
WHERE station = $station AND station IN (SELECT station FROM visible)
ORDER BY property, since DESC
