-- Every TIMESTAMP is UTC. `record_id` is one counter over frames and link events: the order of receipt.
-- `at` and `by` are reserved words in DuckDB and could not be written without quotes, so the Python fields
-- `at` and `by` are the columns `happened_at` and `actor` here.
CREATE TABLE frame (
    record_id   BIGINT    NOT NULL,
    received_at TIMESTAMP NOT NULL,
    station     VARCHAR   NOT NULL,
    direction   VARCHAR   NOT NULL,      -- in: from the station, out: to it
    version     VARCHAR,                 -- 1.6, 2.0.1, 2.1; NULL when the log did not tell
    type        TINYINT,                 -- 2 CALL, 3 CALLRESULT, 4 CALLERROR; NULL when unreadable
    message_id  VARCHAR,
    action      VARCHAR,                 -- of an answer: the action it answers, where that is known
    raw         VARCHAR   NOT NULL,      -- as received, tokens pseudonymised
    findings    VARCHAR[] NOT NULL,
    import_key  UBIGINT                  -- set for imported records: the same record is added once
);

CREATE TABLE link (
    record_id   BIGINT    NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    station     VARCHAR   NOT NULL,
    event       VARCHAR   NOT NULL,      -- connected, disconnected
    version     VARCHAR,
    peer        VARCHAR,
    code        INTEGER,
    reason      VARCHAR,
    import_key  UBIGINT
);

CREATE TABLE observation (
    record_id   BIGINT    NOT NULL,
    n           INTEGER   NOT NULL,      -- order within the record
    happened_at TIMESTAMP NOT NULL,
    station     VARCHAR   NOT NULL,
    evse        INTEGER,
    connector   INTEGER,
    kind        VARCHAR   NOT NULL,      -- all but `seen`, which a frame without observation implies
    body        VARCHAR   NOT NULL       -- JSON of rules.core.model's observation
);

CREATE TABLE register (
    station        VARCHAR PRIMARY KEY,
    site           VARCHAR,
    address        VARCHAR,
    latitude       DOUBLE,
    longitude      DOUBLE,
    make           VARCHAR,
    model          VARCHAR,
    customer       VARCHAR,
    installer      VARCHAR,
    installed_on   DATE,
    warranty_until DATE,
    rated_kw       DOUBLE,
    connectors     INTEGER,
    imported_at    TIMESTAMP NOT NULL
);

CREATE TABLE station (
    station         VARCHAR PRIMARY KEY,
    first_seen_at   TIMESTAMP NOT NULL,
    last_seen_at    TIMESTAMP NOT NULL,
    connected       BOOLEAN,
    connected_at    TIMESTAMP,
    disconnected_at TIMESTAMP,
    version         VARCHAR,
    make            VARCHAR,
    model           VARCHAR,
    serial          VARCHAR,
    firmware        VARCHAR,
    iccid           VARCHAR,
    imsi            VARCHAR,
    heartbeat_s     INTEGER,
    boot_status     VARCHAR,
    booted_at       TIMESTAMP
);

CREATE TABLE state_interval (
    station      VARCHAR   NOT NULL,
    evse         INTEGER   NOT NULL,
    connector    INTEGER   NOT NULL,
    started_at   TIMESTAMP NOT NULL,
    ended_at     TIMESTAMP,
    status       VARCHAR   NOT NULL,
    error_code   VARCHAR,
    vendor_error VARCHAR,
    info         VARCHAR,
    PRIMARY KEY (station, evse, connector, started_at)
);

CREATE TABLE link_interval (
    station    VARCHAR   NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at   TIMESTAMP,
    state      VARCHAR   NOT NULL,       -- online, offline
    PRIMARY KEY (station, started_at)
);

CREATE TABLE blind_interval (
    started_at TIMESTAMP PRIMARY KEY,
    ended_at   TIMESTAMP NOT NULL,
    reason     VARCHAR   NOT NULL
);

CREATE TABLE session (
    session_id     VARCHAR PRIMARY KEY,
    station        VARCHAR   NOT NULL,
    evse           INTEGER,
    connector      INTEGER,
    ref            VARCHAR,
    token          VARCHAR,
    started_at     TIMESTAMP NOT NULL,
    ended_at       TIMESTAMP,
    meter_start_wh DOUBLE,
    meter_last_wh  DOUBLE,
    energy_wh      DOUBLE,
    max_power_w    DOUBLE,
    reason         VARCHAR,
    outcome        VARCHAR
);

CREATE TABLE incident (
    incident_id     VARCHAR PRIMARY KEY,
    key             VARCHAR   NOT NULL,
    state           VARCHAR   NOT NULL,
    scope           VARCHAR   NOT NULL,
    station         VARCHAR,
    site            VARCHAR,
    evse            INTEGER,
    connector       INTEGER,
    fault           VARCHAR   NOT NULL,
    side            VARCHAR   NOT NULL,
    cause           VARCHAR   NOT NULL,
    owner           VARCHAR   NOT NULL,
    task            VARCHAR   NOT NULL,
    severity        VARCHAR   NOT NULL,
    confidence      DOUBLE    NOT NULL,
    imminent        BOOLEAN   NOT NULL,
    safety          BOOLEAN   NOT NULL,
    rule_id         VARCHAR   NOT NULL,
    rule_version    VARCHAR   NOT NULL,
    parent          VARCHAR,
    members         VARCHAR[] NOT NULL,
    installer       VARCHAR,
    customer        VARCHAR,
    pending_at      TIMESTAMP NOT NULL,
    opened_at       TIMESTAMP,
    recovering_at   TIMESTAMP,
    closed_at       TIMESTAMP,
    acknowledged_at TIMESTAMP,
    acknowledged_by VARCHAR,
    assignee        VARCHAR,
    overruled_by    VARCHAR,
    suppression     VARCHAR[] NOT NULL,
    route_rule      VARCHAR,
    route_why       VARCHAR,
    count           INTEGER   NOT NULL,
    evidence        VARCHAR   NOT NULL,  -- JSON list of rules.core.model.Evidence
    updated_at      TIMESTAMP NOT NULL
);

CREATE TABLE incident_event (
    incident_id VARCHAR   NOT NULL,
    n           INTEGER   NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    event       VARCHAR   NOT NULL,
    actor       VARCHAR,
    detail      VARCHAR   NOT NULL,      -- JSON object
    PRIMARY KEY (incident_id, n)
);
