-- Foreign-data wrappers: mead has none; external tables are plain tables here.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS fdwname, CAST(NULL AS BIGINT) AS fdwowner,
       CAST(NULL AS BIGINT) AS fdwhandler, CAST(NULL AS BIGINT) AS fdwvalidator, CAST(NULL AS VARCHAR[]) AS fdwacl,
       CAST(NULL AS VARCHAR[]) AS fdwoptions
WHERE false
