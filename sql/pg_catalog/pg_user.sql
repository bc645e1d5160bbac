-- Roles that may connect, without their passwords.
SELECT name AS usename, oid AS usesysid, superuser AS usecreatedb, superuser AS usesuper, false AS userepl,
       superuser AS usebypassrls, '********' AS passwd, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS valuntil,
       CAST(NULL AS VARCHAR[]) AS useconfig
FROM mead_catalog.roles
WHERE login
