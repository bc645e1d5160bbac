-- Templates of text search: mead has none.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS tmplname, CAST(NULL AS BIGINT) AS tmplnamespace,
       CAST(NULL AS VARCHAR) AS tmplinit, CAST(NULL AS VARCHAR) AS tmpllexize
WHERE false
