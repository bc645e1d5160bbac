-- Publications: mead has none.
SELECT CAST(NULL AS VARCHAR) AS pubname, CAST(NULL AS VARCHAR) AS schemaname, CAST(NULL AS VARCHAR) AS tablename,
       CAST(NULL AS VARCHAR[]) AS attnames, CAST(NULL AS VARCHAR) AS rowfilter
WHERE false
