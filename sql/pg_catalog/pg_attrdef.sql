-- Defaults of columns: mead has none.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS BIGINT) AS adrelid, CAST(NULL AS SMALLINT) AS adnum,
       CAST(NULL AS VARCHAR) AS adbin
WHERE false
