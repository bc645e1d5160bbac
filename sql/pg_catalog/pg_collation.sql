-- Collations: text is ordered by its bytes under each of these names.
SELECT CAST(c.oid AS BIGINT) AS oid, c.name AS collname, s.oid AS collnamespace, s.owner_oid AS collowner,
       c.provider AS collprovider, true AS collisdeterministic, CAST(-1 AS INTEGER) AS collencoding,
       c.locale AS collcollate, c.locale AS collctype, CAST(NULL AS VARCHAR) AS colliculocale,
       CAST(NULL AS VARCHAR) AS collversion
FROM (VALUES (100, 'default', 'd', NULL), (950, 'C', 'c', 'C'), (951, 'POSIX', 'c', 'POSIX')) AS c(oid, name, provider, locale)
CROSS JOIN mead_catalog.schemas s
WHERE s.name = 'pg_catalog'
