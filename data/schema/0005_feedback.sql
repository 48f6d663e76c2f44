-- What people found out about incidents afterwards; each person's last word stands.
CREATE TABLE feedback (
    incident_id VARCHAR   NOT NULL,
    actor       VARCHAR   NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    verdict     VARCHAR   NOT NULL,      -- confirmed, wrong_side, no_fault_found
    side        VARCHAR,                 -- the right side, where it was another
    text        VARCHAR,
    PRIMARY KEY (incident_id, actor)
);
