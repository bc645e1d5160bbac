-- Roles, without their passwords.
SELECT name AS rolname, superuser AS rolsuper, true AS rolinherit, superuser AS rolcreaterole, superuser AS rolcreatedb,
       login AS rolcanlogin, false AS rolreplication, CAST(-1 AS INTEGER) AS rolconnlimit, '********' AS rolpassword,
       CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS rolvaliduntil, superuser AS rolbypassrls,
       CAST(NULL AS VARCHAR[]) AS rolconfig, oid
FROM mead_catalog.roles
