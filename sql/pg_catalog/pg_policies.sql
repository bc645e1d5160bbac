-- Row security: mead has none.
SELECT CAST(NULL AS VARCHAR) AS schemaname, CAST(NULL AS VARCHAR) AS tablename, CAST(NULL AS VARCHAR) AS policyname,
       CAST(NULL AS VARCHAR) AS permissive, CAST(NULL AS VARCHAR[]) AS roles, CAST(NULL AS VARCHAR) AS cmd,
       CAST(NULL AS VARCHAR) AS qual, CAST(NULL AS VARCHAR) AS with_check
WHERE false
