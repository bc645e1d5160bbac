-- Large objects: mead has none.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS BIGINT) AS lomowner, CAST(NULL AS VARCHAR[]) AS lomacl
WHERE false
