-- Indexes: mead has none.
SELECT CAST(NULL AS VARCHAR) AS schemaname, CAST(NULL AS VARCHAR) AS tablename, CAST(NULL AS VARCHAR) AS indexname,
       CAST(NULL AS VARCHAR) AS tablespace, CAST(NULL AS VARCHAR) AS indexdef
WHERE false
