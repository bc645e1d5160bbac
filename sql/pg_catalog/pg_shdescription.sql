-- Comments on shared objects: mead has none.
SELECT CAST(NULL AS BIGINT) AS objoid, CAST(NULL AS BIGINT) AS classoid, CAST(NULL AS VARCHAR) AS description
WHERE false
