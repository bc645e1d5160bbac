-- Access methods: mead has none; formats of tables are not access methods.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS amname, CAST(NULL AS VARCHAR) AS amhandler,
       CAST(NULL AS VARCHAR) AS amtype
WHERE false
