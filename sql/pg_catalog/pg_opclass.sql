-- Operator classes of indexes: mead has no indexes.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS BIGINT) AS opcmethod, CAST(NULL AS VARCHAR) AS opcname,
       CAST(NULL AS BIGINT) AS opcnamespace, CAST(NULL AS BIGINT) AS opcowner, CAST(NULL AS BIGINT) AS opcfamily,
       CAST(NULL AS BIGINT) AS opcintype, CAST(NULL AS BOOLEAN) AS opcdefault, CAST(NULL AS BIGINT) AS opckeytype
WHERE false
