-- Privileges for objects to come: mead has none.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS BIGINT) AS defaclrole, CAST(NULL AS BIGINT) AS defaclnamespace,
       CAST(NULL AS VARCHAR) AS defaclobjtype, CAST(NULL AS VARCHAR[]) AS defaclacl
WHERE false
