-- What a station is and how it is set, over time: make, firmware, SIM card, configuration. Secrets never come here.
CREATE TABLE station_property (
    station  VARCHAR   NOT NULL,
    property VARCHAR   NOT NULL,          -- see rules/core/properties.py
    since    TIMESTAMP NOT NULL,          -- first told
    value    VARCHAR,
    until    TIMESTAMP,                   -- NULL: as far as is known it still is
    source   VARCHAR   NOT NULL,          -- boot, answer (to the boot), connection, status, configuration
    readonly BOOLEAN,
    PRIMARY KEY (station, property, since)
);

-- What is known already. Not the SIM card: its number may have been stored in full before.
INSERT INTO station_property
SELECT station, property, since, value, NULL, CASE property WHEN 'heartbeat_s' THEN 'answer' ELSE 'boot' END, NULL
FROM (
    UNPIVOT (
        SELECT station, coalesce(booted_at, first_seen_at) AS since, make, model, serial, firmware,
               heartbeat_s::VARCHAR AS heartbeat_s
        FROM station
    )
    ON make, model, serial, firmware, heartbeat_s
    INTO NAME property VALUE value
);
