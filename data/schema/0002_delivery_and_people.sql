-- The outbox: a row is written in the transaction that changes its incident, sent after, marked after that.
CREATE TABLE notice (
    dedup_key   VARCHAR PRIMARY KEY,     -- incident, destination, seq: in the message, so that a receiver can merge
    incident_id VARCHAR   NOT NULL,
    destination VARCHAR   NOT NULL,
    party       VARCHAR   NOT NULL,      -- operator, installer:<name>, customer:<name>
    seq         INTEGER   NOT NULL,
    reason      VARCHAR   NOT NULL,
    language    VARCHAR,
    subject     VARCHAR,
    body        VARCHAR,
    state       VARCHAR   NOT NULL,      -- queued, leased, sent, dead, superseded, suppressed
    suppressed  VARCHAR,                 -- why, when state is suppressed
    attempts    INTEGER   NOT NULL,
    not_before  TIMESTAMP NOT NULL,
    lease_until TIMESTAMP,
    last_class  VARCHAR,                 -- sent, transient, permanent, unknown
    last_code   INTEGER,
    last_detail VARCHAR,                 -- redacted
    created_at  TIMESTAMP NOT NULL,
    sent_at     TIMESTAMP
);

CREATE TABLE destination_health (
    destination          VARCHAR PRIMARY KEY,
    last_ok_at           TIMESTAMP,
    last_error_at        TIMESTAMP,
    last_class           VARCHAR,
    last_detail          VARCHAR,
    consecutive_failures INTEGER NOT NULL
);

CREATE TABLE command (
    command_id VARCHAR PRIMARY KEY,      -- chosen by the caller: the same id is carried out once
    asked_at   TIMESTAMP NOT NULL,
    actor      VARCHAR   NOT NULL,
    role       VARCHAR   NOT NULL,
    kind       VARCHAR   NOT NULL,
    body       VARCHAR   NOT NULL,       -- JSON
    outcome    VARCHAR   NOT NULL,       -- accepted, refused, failed
    detail     VARCHAR
);

CREATE TABLE app_user (
    email      VARCHAR PRIMARY KEY,
    name       VARCHAR   NOT NULL,
    role       VARCHAR   NOT NULL,       -- helpdesk, installer, customer
    party      VARCHAR,                  -- the installer's or customer's name as in the register
    password   VARCHAR   NOT NULL,       -- argon2id
    language   VARCHAR   NOT NULL,
    disabled   BOOLEAN   NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE web_session (
    token_hash VARCHAR PRIMARY KEY,      -- SHA-256 of the cookie
    email      VARCHAR   NOT NULL,
    created_at TIMESTAMP NOT NULL,
    seen_at    TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

CREATE TABLE judge_snapshot (
    record_id BIGINT    NOT NULL,        -- judged up to and including this record
    judged_at TIMESTAMP NOT NULL,        -- and this instant
    body      BLOB      NOT NULL         -- msgspec JSON of the judge's state
);
