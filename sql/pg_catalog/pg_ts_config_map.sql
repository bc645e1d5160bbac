-- Configurations of text search: mead has none.
SELECT CAST(NULL AS BIGINT) AS mapcfg, CAST(NULL AS INTEGER) AS maptokentype, CAST(NULL AS INTEGER) AS mapseqno,
       CAST(NULL AS BIGINT) AS mapdict
WHERE false
