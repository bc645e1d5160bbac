-- Memberships of roles in roles: mead has none.
SELECT CAST(NULL AS BIGINT) AS roleid, CAST(NULL AS BIGINT) AS member, CAST(NULL AS BIGINT) AS grantor,
       CAST(NULL AS BOOLEAN) AS admin_option
WHERE false
