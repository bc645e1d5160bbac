-- Constraints: mead has none but NOT NULL, which pg_attribute shows.
SELECT CAST(NULL AS BIGINT) AS oid, CAST(NULL AS VARCHAR) AS conname, CAST(NULL AS BIGINT) AS connamespace,
       CAST(NULL AS VARCHAR) AS contype, CAST(NULL AS BOOLEAN) AS condeferrable,
       CAST(NULL AS BOOLEAN) AS condeferred, CAST(NULL AS BOOLEAN) AS convalidated, CAST(NULL AS BIGINT) AS conrelid,
       CAST(NULL AS BIGINT) AS contypid, CAST(NULL AS BIGINT) AS conindid, CAST(NULL AS BIGINT) AS conparentid,
       CAST(NULL AS BIGINT) AS confrelid, CAST(NULL AS VARCHAR) AS confupdtype, CAST(NULL AS VARCHAR) AS confdeltype,
       CAST(NULL AS VARCHAR) AS confmatchtype, CAST(NULL AS BOOLEAN) AS conislocal,
       CAST(NULL AS INTEGER) AS coninhcount, CAST(NULL AS BOOLEAN) AS connoinherit,
       CAST(NULL AS SMALLINT[]) AS conkey, CAST(NULL AS SMALLINT[]) AS confkey, CAST(NULL AS BIGINT[]) AS conpfeqop,
       CAST(NULL AS BIGINT[]) AS conppeqop, CAST(NULL AS BIGINT[]) AS conffeqop,
       CAST(NULL AS SMALLINT[]) AS confdelsetcols, CAST(NULL AS BIGINT[]) AS conexclop,
       CAST(NULL AS VARCHAR) AS conbin
WHERE false
