-- Seconds of whole days, kept so that a year of uptime need not be added up from its intervals at every question.
-- A connector that was up all day but for our own blind spells has no row. Filled by data.uptime_upkeep; until a day
-- is in uptime_rolled, and wherever uptime_stale points, readers compute from the intervals.
CREATE TABLE uptime_day (
    day            DATE    NOT NULL,     -- in Brussels
    station        VARCHAR NOT NULL,
    evse           INTEGER NOT NULL,
    connector      INTEGER NOT NULL,
    offline_s      DOUBLE  NOT NULL,     -- this and the next four: the class of each second; the rest was up or blind
    faulted_s      DOUBLE  NOT NULL,
    unavailable_s  DOUBLE  NOT NULL,
    unknown_s      DOUBLE  NOT NULL,
    planned_s      DOUBLE  NOT NULL,
    operator_s     DOUBLE  NOT NULL,     -- this and the next three: whose the down seconds of this day were
    installer_s    DOUBLE  NOT NULL,
    customer_s     DOUBLE  NOT NULL,
    none_s         DOUBLE  NOT NULL,
    excused_s      DOUBLE  NOT NULL,     -- down seconds of an incident that car, driver or somebody outside caused
    tail_s         DOUBLE  NOT NULL,     -- of none_s: down until the day's end; its owner may turn up on the next day
    through        BOOLEAN NOT NULL,     -- the tail is the whole day
    head_owner     VARCHAR,              -- whose a down stretch is that came in from the day before, once known
    head_excused   BOOLEAN
);
CREATE TABLE uptime_rolled (
    day DATE PRIMARY KEY                 -- uptime_day holds it, for all stations
);
CREATE TABLE uptime_stale (
    station    VARCHAR,                  -- NULL: every station
    started_at TIMESTAMP NOT NULL,       -- intervals changed within this time after its days were added up
    ended_at   TIMESTAMP NOT NULL
);
-- Connectors that ever reported a status.
CREATE TABLE connector (
    station   VARCHAR NOT NULL,
    evse      INTEGER NOT NULL,
    connector INTEGER NOT NULL,
    PRIMARY KEY (station, evse, connector)
);
INSERT INTO connector SELECT DISTINCT station, evse, connector FROM state_interval WHERE connector > 0;
