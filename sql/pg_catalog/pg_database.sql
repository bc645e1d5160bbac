-- The one database that clients connect to. Text is ordered by its bytes, as the C locale does.
SELECT CAST(5 AS BIGINT) AS oid, current_database() AS datname, owner_oid AS datdba, CAST(6 AS INTEGER) AS encoding,
       'c' AS datlocprovider, false AS datistemplate, true AS datallowconn, CAST(-1 AS INTEGER) AS datconnlimit,
       CAST(0 AS BIGINT) AS datfrozenxid, CAST(0 AS BIGINT) AS datminmxid, CAST(1663 AS BIGINT) AS dattablespace,
       'C' AS datcollate, 'C' AS datctype, CAST(NULL AS VARCHAR) AS daticulocale, CAST(NULL AS VARCHAR) AS datcollversion,
       CAST(NULL AS VARCHAR[]) AS datacl
FROM mead_catalog.schemas
WHERE name = 'pg_catalog'
