-- Silences and maintenance windows: who keeps what quiet, when and why.
CREATE TABLE silence_window (
    window_id  VARCHAR PRIMARY KEY,
    kind       VARCHAR   NOT NULL,       -- silence, maintenance
    station    VARCHAR,                  -- this and the next seven: what it matches, by wildcards; all given ones must
    site       VARCHAR,
    make       VARCHAR,
    model      VARCHAR,
    firmware   VARCHAR,
    installer  VARCHAR,
    region     VARCHAR,
    fault      VARCHAR,
    recurrence VARCHAR   NOT NULL,       -- JSON of rules.core.recurrence's Recurrence
    starts_at  TIMESTAMP NOT NULL,
    ends_at    TIMESTAMP,                -- NULL: repeats until somebody ends it
    why        VARCHAR   NOT NULL,
    made_by    VARCHAR   NOT NULL,
    made_at    TIMESTAMP NOT NULL,
    ended_at   TIMESTAMP,                -- it is over
    ended_by   VARCHAR,                  -- somebody ended it early
    ended_why  VARCHAR
);

-- When a station was down by plan: out of the uptime figure.
CREATE TABLE planned_interval (
    station    VARCHAR   NOT NULL,
    window_id  VARCHAR   NOT NULL,
    started_at TIMESTAMP NOT NULL,
    ended_at   TIMESTAMP NOT NULL,       -- may lie ahead
    PRIMARY KEY (station, window_id, started_at)
);

-- Proof of notice: every attempt to deliver a notice, and what the receiving server said.
CREATE TABLE notice_attempt (
    dedup_key VARCHAR   NOT NULL,
    attempt   INTEGER   NOT NULL,
    ended_at  TIMESTAMP NOT NULL,
    class     VARCHAR   NOT NULL,        -- sent, transient, permanent, unknown
    code      INTEGER,
    detail    VARCHAR,                   -- redacted
    PRIMARY KEY (dedup_key, attempt)
);

-- By which kind of channel (mail, webhook, ...); never an address.
ALTER TABLE notice ADD COLUMN channel VARCHAR;
