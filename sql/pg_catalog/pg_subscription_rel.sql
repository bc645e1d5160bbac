-- Subscriptions: mead has none.
SELECT CAST(NULL AS BIGINT) AS srsubid, CAST(NULL AS BIGINT) AS srrelid, CAST(NULL AS VARCHAR) AS srsubstate,
       CAST(NULL AS VARCHAR) AS srsublsn
WHERE false
