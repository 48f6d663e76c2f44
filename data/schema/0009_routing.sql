-- Whose an incident is and why, who is called when nobody answers, how long it was with whom, what was promised.
ALTER TABLE incident ADD COLUMN route_words VARCHAR;             -- JSON: why, by language
ALTER TABLE incident ADD COLUMN route_party VARCHAR;             -- operator, installer:<name>, customer:<name>, none
ALTER TABLE incident ADD COLUMN route_gap VARCHAR;               -- why not whom the rule means: not_registered, no_installer, no_customer, no_destination, unrouted
ALTER TABLE incident ADD COLUMN escalation VARCHAR;              -- JSON: the chain as it was when it began
ALTER TABLE incident ADD COLUMN escalate_at TIMESTAMP;           -- when its next step is due
ALTER TABLE incident ADD COLUMN clock_since TIMESTAMP;           -- the clock of route_party runs since then
ALTER TABLE incident ADD COLUMN operator_s DOUBLE DEFAULT 0;
ALTER TABLE incident ADD COLUMN installer_s DOUBLE DEFAULT 0;
ALTER TABLE incident ADD COLUMN bounces INTEGER DEFAULT 0;
ALTER TABLE incident ADD COLUMN bounced BOOLEAN DEFAULT false;
ALTER TABLE incident ADD COLUMN contract VARCHAR;
ALTER TABLE incident ADD COLUMN respond_by TIMESTAMP;
ALTER TABLE incident ADD COLUMN repair_by TIMESTAMP;
ALTER TABLE incident ADD COLUMN responded_at TIMESTAMP;
ALTER TABLE incident ADD COLUMN response_breached_at TIMESTAMP;
ALTER TABLE incident ADD COLUMN repair_breached_at TIMESTAMP;

ALTER TABLE register ADD COLUMN region VARCHAR;
ALTER TABLE register ADD COLUMN contract VARCHAR;                -- its name in the routing file
ALTER TABLE register ADD COLUMN contract_hours VARCHAR;          -- where they are not the contract's
ALTER TABLE register ADD COLUMN response_hours DOUBLE;           -- likewise
ALTER TABLE register ADD COLUMN repair_hours DOUBLE;
