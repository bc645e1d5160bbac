-- Sequences: mead has none.
SELECT CAST(NULL AS BIGINT) AS seqrelid, CAST(NULL AS BIGINT) AS seqtypid, CAST(NULL AS BIGINT) AS seqstart,
       CAST(NULL AS BIGINT) AS seqincrement, CAST(NULL AS BIGINT) AS seqmax, CAST(NULL AS BIGINT) AS seqmin,
       CAST(NULL AS BIGINT) AS seqcache, CAST(NULL AS BOOLEAN) AS seqcycle
WHERE false
