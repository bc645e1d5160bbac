-- Parsers of text search: mead has none.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS prsname, CAST(NULL AS BIGINT) AS prsnamespace,
       CAST(NULL AS VARCHAR) AS prsstart, CAST(NULL AS VARCHAR) AS prstoken, CAST(NULL AS VARCHAR) AS prsend,
       CAST(NULL AS VARCHAR) AS prsheadline, CAST(NULL AS VARCHAR) AS prslextype
WHERE false
