-- User mappings: mead has no foreign servers.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS BIGINT) AS umuser, CAST(NULL AS BIGINT) AS umserver,
       CAST(NULL AS VARCHAR[]) AS umoptions
WHERE false
