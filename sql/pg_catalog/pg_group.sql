-- Roles that may not connect.
SELECT name AS groname, oid AS grosysid, CAST(NULL AS BIGINT[]) AS grolist
FROM mead_catalog.roles
WHERE NOT login
