-- Rewrite rules: mead has none.
SELECT CAST(NULL AS VARCHAR) AS schemaname, CAST(NULL AS VARCHAR) AS tablename, CAST(NULL AS VARCHAR) AS rulename,
       CAST(NULL AS VARCHAR) AS definition
WHERE false
