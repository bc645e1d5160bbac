-- The one language of functions: they are built in.
SELECT CAST(12 AS BIGINT) AS oid, 'internal' AS lanname, owner_oid AS lanowner, false AS lanispl, false AS lanpltrusted,
       CAST(0 AS BIGINT) AS lanplcallfoid, CAST(0 AS BIGINT) AS laninline, CAST(0 AS BIGINT) AS lanvalidator,
       CAST(NULL AS VARCHAR[]) AS lanacl
FROM mead_catalog.schemas
WHERE name = 'pg_catalog'
