-- Schemas, which Hive calls databases. The tables that the system's views read are left out.
SELECT oid, name AS nspname, owner_oid AS nspowner, CAST(NULL AS VARCHAR[]) AS nspacl
FROM mead_catalog.schemas
WHERE name <> 'mead_catalog'
