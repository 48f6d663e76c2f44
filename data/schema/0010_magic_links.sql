-- Links in messages to installers, good for one use without a password, and the short web sessions they open.
-- The links themselves are in the messages only: here is what proves one, never the one itself.
CREATE TABLE magic_link (
    token_hash   VARCHAR PRIMARY KEY,    -- SHA-256
    dedup_key    VARCHAR   NOT NULL,     -- of the notice that carries it
    incidents    VARCHAR[] NOT NULL,     -- those that the notice tells of, the gravest first
    destination  VARCHAR   NOT NULL,
    party        VARCHAR   NOT NULL,     -- the installer's name as in the register
    language     VARCHAR   NOT NULL,
    expires_at   TIMESTAMP NOT NULL,
    used_at      TIMESTAMP,
    session_hash VARCHAR                 -- of the session that may act on the incident because of it
);

CREATE TABLE magic_session (
    token_hash VARCHAR PRIMARY KEY,      -- SHA-256 of the cookie
    party      VARCHAR   NOT NULL,
    language   VARCHAR   NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

ALTER TABLE incident ADD COLUMN on_my_way_at TIMESTAMP;
ALTER TABLE incident ADD COLUMN eta_at TIMESTAMP;
ALTER TABLE incident ADD COLUMN fixed_at TIMESTAMP;  -- somebody told that it is; cleared when the fault lasts
