-- Remedies tried from afar before somebody is sent: what was asked at which incident, and what came of it.
CREATE TABLE first_aid (
    try_id      VARCHAR   PRIMARY KEY,
    incident_id VARCHAR   NOT NULL,
    station     VARCHAR   NOT NULL,
    evse        INTEGER,
    connector   INTEGER,
    fault       VARCHAR   NOT NULL,
    policy      VARCHAR   NOT NULL,
    remedy      VARCHAR   NOT NULL,      -- soft_reset, unlock, trigger_status, ...
    asked_at    TIMESTAMP NOT NULL,
    expires_at  TIMESTAMP NOT NULL,      -- not sent after this
    outcome     VARCHAR,                 -- accepted, rejected, error, no_answer, not_connected, not_sent
    detail      VARCHAR,
    answered_at TIMESTAMP,
    cleared     BOOLEAN,                 -- the fault was gone in time; null: never known
    ended_at    TIMESTAMP
);
