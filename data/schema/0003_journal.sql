-- Groups of rows are first kept in journal files beside the database (data/journal.py), each under a number.
-- This row names the last one that is in the tables, and is changed in the transaction that adds its rows.
CREATE TABLE journal_mark (
    sequence BIGINT NOT NULL
);

INSERT INTO journal_mark VALUES (0);
