-- Tables and views. External tables are tables.
SELECT oid, name AS relname, schema_oid AS relnamespace, CAST(0 AS BIGINT) AS reltype, CAST(0 AS BIGINT) AS reloftype,
       owner_oid AS relowner, CAST(0 AS BIGINT) AS relam, CAST(0 AS BIGINT) AS relfilenode,
       CAST(0 AS BIGINT) AS reltablespace, CAST(0 AS INTEGER) AS relpages, CAST(-1 AS REAL) AS reltuples,
       CAST(0 AS INTEGER) AS relallvisible, CAST(0 AS BIGINT) AS reltoastrelid, false AS relhasindex, false AS relisshared,
       'p' AS relpersistence, kind AS relkind, width AS relnatts, CAST(0 AS SMALLINT) AS relchecks, false AS relhasrules,
       false AS relhastriggers, false AS relhassubclass, false AS relrowsecurity, false AS relforcerowsecurity,
       true AS relispopulated,
       CASE kind WHEN 'r' THEN 'd' ELSE 'n' END AS relreplident, false AS relispartition, CAST(0 AS BIGINT) AS relrewrite,
       CAST(0 AS BIGINT) AS relfrozenxid, CAST(0 AS BIGINT) AS relminmxid, CAST(NULL AS VARCHAR[]) AS relacl,
       CAST(NULL AS VARCHAR[]) AS reloptions, CAST(NULL AS VARCHAR) AS relpartbound
FROM mead_catalog.classes
