-- Columns of tables and views.
SELECT a.class_oid AS attrelid, a.name AS attname, a.type_oid AS atttypid, CAST(-1 AS INTEGER) AS attstattarget,
       t.length AS attlen, a.number AS attnum, a.dimensions AS attndims, CAST(-1 AS INTEGER) AS attcacheoff,
       a.modifier AS atttypmod, t.by_value AS attbyval, t.align AS attalign, t.storage AS attstorage,
       '' AS attcompression, a.not_null AS attnotnull, false AS atthasdef, false AS atthasmissing, '' AS attidentity,
       '' AS attgenerated, false AS attisdropped, true AS attislocal, CAST(0 AS INTEGER) AS attinhcount,
       t.collation_oid AS attcollation, CAST(NULL AS VARCHAR[]) AS attacl, CAST(NULL AS VARCHAR[]) AS attoptions,
       CAST(NULL AS VARCHAR[]) AS attfdwoptions, CAST(NULL AS VARCHAR) AS attmissingval
FROM mead_catalog.attributes a JOIN mead_catalog.types t ON t.oid = a.type_oid
