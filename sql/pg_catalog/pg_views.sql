-- Views and their queries.
SELECT schema_name AS schemaname, name AS viewname, owner AS viewowner, definition
FROM mead_catalog.classes
WHERE kind = 'v'
