-- Security labels: mead has none.
SELECT CAST(NULL AS BIGINT) AS objoid, CAST(NULL AS BIGINT) AS classoid, CAST(NULL AS INTEGER) AS objsubid,
       CAST(NULL AS VARCHAR) AS provider, CAST(NULL AS VARCHAR) AS label
WHERE false
