-- Dictionaries of text search: mead has none.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS dictname, CAST(NULL AS BIGINT) AS dictnamespace,
       CAST(NULL AS BIGINT) AS dictowner, CAST(NULL AS BIGINT) AS dicttemplate,
       CAST(NULL AS VARCHAR) AS dictinitoption
WHERE false
