-- The facts of a notice as JSON (data/catalog/notice.schema.json), for destinations that take them beside words.
ALTER TABLE notice ADD COLUMN payload VARCHAR;
