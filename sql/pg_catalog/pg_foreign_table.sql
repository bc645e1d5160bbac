-- Foreign tables: mead has none; external tables are plain tables here.
SELECT CAST(NULL AS BIGINT) AS ftrelid, CAST(NULL AS BIGINT) AS ftserver, CAST(NULL AS VARCHAR[]) AS ftoptions
WHERE false
