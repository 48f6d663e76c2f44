-- Danger passes a silence and planned work, unless whoever made it said that it must not. Those made before this
-- held danger back without a word about it: from now on it passes them.
ALTER TABLE silence_window ADD COLUMN safety BOOLEAN DEFAULT FALSE;
