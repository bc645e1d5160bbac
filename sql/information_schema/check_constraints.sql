-- CHECK constraints: mead has none.
SELECT CAST(NULL AS VARCHAR) AS constraint_catalog, CAST(NULL AS VARCHAR) AS constraint_schema,
       CAST(NULL AS VARCHAR) AS constraint_name, CAST(NULL AS VARCHAR) AS check_clause
WHERE false
