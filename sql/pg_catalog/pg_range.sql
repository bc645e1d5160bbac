-- Range types: mead has none.
SELECT CAST(NULL AS BIGINT) AS rngtypid, CAST(NULL AS BIGINT) AS rngsubtype, CAST(NULL AS BIGINT) AS rngmultitypid,
       CAST(NULL AS BIGINT) AS rngcollation, CAST(NULL AS BIGINT) AS rngsubopc,
       CAST(NULL AS VARCHAR) AS rngcanonical, CAST(NULL AS VARCHAR) AS rngsubdiff
WHERE false
