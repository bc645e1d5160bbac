-- Inheritance and partitions as tables: mead has neither.
SELECT CAST(NULL AS BIGINT) AS inhrelid, CAST(NULL AS BIGINT) AS inhparent, CAST(NULL AS INTEGER) AS inhseqno,
       CAST(NULL AS BOOLEAN) AS inhdetachpending
WHERE false
