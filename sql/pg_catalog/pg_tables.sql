-- Tables, external ones among them.
SELECT schema_name AS schemaname, name AS tablename, owner AS tableowner, CAST(NULL AS VARCHAR) AS tablespace,
       false AS hasindexes, false AS hasrules, false AS hastriggers, false AS rowsecurity
FROM mead_catalog.classes
WHERE kind = 'r'
