-- Conversions between character sets: all text is UTF8.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS conname, CAST(NULL AS BIGINT) AS connamespace,
       CAST(NULL AS BIGINT) AS conowner, CAST(NULL AS INTEGER) AS conforencoding,
       CAST(NULL AS INTEGER) AS contoencoding, CAST(NULL AS VARCHAR) AS conproc, CAST(NULL AS BOOLEAN) AS condefault
WHERE false
