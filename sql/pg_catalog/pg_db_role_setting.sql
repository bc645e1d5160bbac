-- Settings kept for databases and roles: mead has none.
SELECT CAST(NULL AS BIGINT) AS setdatabase, CAST(NULL AS BIGINT) AS setrole, CAST(NULL AS VARCHAR[]) AS setconfig
WHERE false
