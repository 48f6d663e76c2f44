-- What one person asked to be told of own stations.
-- grain: no row or one
-- inputs: $email
-- reader: the customer's page
-- scope: visible
SELECT stations, kinds, language, changed_at
FROM subscription
WHERE email = $email AND active
  AND (len(stations) = 0 OR list_has_any(stations, (SELECT list(station) FROM visible)))
