-- Configurations of text search: mead has none.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS cfgname, CAST(NULL AS BIGINT) AS cfgnamespace,
       CAST(NULL AS BIGINT) AS cfgowner, CAST(NULL AS BIGINT) AS cfgparser
WHERE false
