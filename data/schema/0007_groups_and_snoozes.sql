-- What each message is about: one incident, or several at one place. The gravest is the notice's own.
CREATE TABLE notice_item (
    dedup_key   VARCHAR NOT NULL,
    incident_id VARCHAR NOT NULL,
    destination VARCHAR NOT NULL,
    seq         INTEGER NOT NULL,          -- counts what this destination was told of this incident
    reason      VARCHAR NOT NULL,
    place       INTEGER NOT NULL,          -- 0: the gravest
    PRIMARY KEY (dedup_key, incident_id)
);

INSERT INTO notice_item SELECT dedup_key, incident_id, destination, seq, reason, 0 FROM notice;

-- Somebody stands at the station and cannot go on.
ALTER TABLE incident ADD COLUMN driver_stuck BOOLEAN;
-- Silence that a person asked for, and what ends it earlier (worse, back, member).
ALTER TABLE incident ADD COLUMN snoozed_until TIMESTAMP;
ALTER TABLE incident ADD COLUMN snoozed_by VARCHAR;
ALTER TABLE incident ADD COLUMN snooze_wakes VARCHAR[];
