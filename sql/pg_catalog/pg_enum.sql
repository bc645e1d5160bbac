-- Labels of enum types: mead has no such types.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS BIGINT) AS enumtypid, CAST(NULL AS REAL) AS enumsortorder,
       CAST(NULL AS VARCHAR) AS enumlabel
WHERE false
