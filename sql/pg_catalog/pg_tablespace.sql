-- The data directory, under the names that PostgreSQL gives it.
SELECT CAST(t.oid AS BIGINT) AS oid, t.name AS spcname, s.owner_oid AS spcowner, CAST(NULL AS VARCHAR[]) AS spcacl,
       CAST(NULL AS VARCHAR[]) AS spcoptions
FROM (VALUES (1663, 'pg_default'), (1664, 'pg_global')) AS t(oid, name)
CROSS JOIN mead_catalog.schemas s
WHERE s.name = 'pg_catalog'
