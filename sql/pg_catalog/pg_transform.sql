-- Transforms between types and languages: mead has none.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS BIGINT) AS trftype, CAST(NULL AS BIGINT) AS trflang,
       CAST(NULL AS VARCHAR) AS trffromsql, CAST(NULL AS VARCHAR) AS trftosql
WHERE false
