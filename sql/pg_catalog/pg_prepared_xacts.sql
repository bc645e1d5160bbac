-- Prepared transactions: mead has none.
SELECT CAST(NULL AS BIGINT) AS transaction, CAST(NULL AS VARCHAR) AS gid,
       CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS prepared, CAST(NULL AS VARCHAR) AS owner,
       CAST(NULL AS VARCHAR) AS database
WHERE false
