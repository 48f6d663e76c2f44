-- A notice may tell a customer of planned work instead of an incident: then incident_id (of its item too) is the
-- window's id, which keeps such notices in order as it does others, and these say so.
ALTER TABLE notice ADD COLUMN window_id VARCHAR;
ALTER TABLE notice ADD COLUMN stations VARCHAR[];   -- the stations that it tells of
