-- Comments on tables, views and functions.
SELECT oid AS objoid, CAST(1259 AS BIGINT) AS classoid, CAST(0 AS INTEGER) AS objsubid, comment AS description
FROM mead_catalog.classes
WHERE comment IS NOT NULL
UNION ALL
SELECT oid, CAST(1255 AS BIGINT), CAST(0 AS INTEGER), description
FROM mead_catalog.functions
WHERE description IS NOT NULL
