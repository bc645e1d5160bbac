-- Foreign servers: mead has none; external tables are plain tables here.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS srvname, CAST(NULL AS BIGINT) AS srvowner,
       CAST(NULL AS BIGINT) AS srvfdw, CAST(NULL AS VARCHAR) AS srvtype, CAST(NULL AS VARCHAR) AS srvversion,
       CAST(NULL AS VARCHAR[]) AS srvacl, CAST(NULL AS VARCHAR[]) AS srvoptions
WHERE false
