-- Event triggers: mead has none.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS evtname, CAST(NULL AS VARCHAR) AS evtevent,
       CAST(NULL AS BIGINT) AS evtowner, CAST(NULL AS BIGINT) AS evtfoid, CAST(NULL AS VARCHAR) AS evtenabled,
       CAST(NULL AS VARCHAR[]) AS evttags
WHERE false
