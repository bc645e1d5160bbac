-- Columns of tables and views, their types by the names SQL gives them.
SELECT current_database() AS table_catalog, c.schema_name AS table_schema, c.name AS table_name, a.name AS column_name,
       CAST(a.number AS INTEGER) AS ordinal_position, CAST(NULL AS VARCHAR) AS column_default,
       CASE WHEN a.not_null THEN 'NO' ELSE 'YES' END AS is_nullable,
       CASE WHEN t.category = 'A' AND t.length = -1 THEN 'ARRAY' ELSE format_type(a.type_oid, NULL) END AS data_type,
       CASE WHEN t.name IN ('bpchar', 'varchar') AND a.modifier >= 4 THEN a.modifier - 4 END AS character_maximum_length,
       CASE WHEN t.name IN ('bpchar', 'varchar') AND a.modifier >= 4 THEN (a.modifier - 4) * 4
            WHEN t.name IN ('text', 'bpchar', 'varchar') THEN 1073741824 END AS character_octet_length,
       CASE t.name WHEN 'int2' THEN 16 WHEN 'int4' THEN 32 WHEN 'int8' THEN 64 WHEN 'float4' THEN 24 WHEN 'float8' THEN 53
            WHEN 'numeric' THEN CASE WHEN a.modifier >= 4 THEN (a.modifier - 4) / 65536 END END AS numeric_precision,
       CASE WHEN t.name IN ('int2', 'int4', 'int8', 'float4', 'float8') THEN 2 WHEN t.name = 'numeric' THEN 10
            END AS numeric_precision_radix,
       CASE WHEN t.name IN ('int2', 'int4', 'int8') THEN 0
            WHEN t.name = 'numeric' AND a.modifier >= 4 THEN (a.modifier - 4) % 65536 END AS numeric_scale,
       CASE WHEN t.name = 'date' THEN 0 WHEN t.name IN ('time', 'timestamp', 'timestamptz', 'interval') THEN 6
            END AS datetime_precision,
       CAST(NULL AS VARCHAR) AS interval_type, CAST(NULL AS INTEGER) AS interval_precision,
       CAST(NULL AS VARCHAR) AS character_set_catalog, CAST(NULL AS VARCHAR) AS character_set_schema,
       CAST(NULL AS VARCHAR) AS character_set_name, CAST(NULL AS VARCHAR) AS collation_catalog,
       CAST(NULL AS VARCHAR) AS collation_schema, CAST(NULL AS VARCHAR) AS collation_name,
       CAST(NULL AS VARCHAR) AS domain_catalog, CAST(NULL AS VARCHAR) AS domain_schema, CAST(NULL AS VARCHAR) AS domain_name,
       current_database() AS udt_catalog, 'pg_catalog' AS udt_schema, t.name AS udt_name,
       CAST(NULL AS VARCHAR) AS scope_catalog, CAST(NULL AS VARCHAR) AS scope_schema, CAST(NULL AS VARCHAR) AS scope_name,
       CAST(NULL AS INTEGER) AS maximum_cardinality, CAST(a.number AS VARCHAR) AS dtd_identifier,
       'NO' AS is_self_referencing, 'NO' AS is_identity, CAST(NULL AS VARCHAR) AS identity_generation,
       CAST(NULL AS VARCHAR) AS identity_start, CAST(NULL AS VARCHAR) AS identity_increment,
       CAST(NULL AS VARCHAR) AS identity_maximum, CAST(NULL AS VARCHAR) AS identity_minimum, 'NO' AS identity_cycle,
       'NEVER' AS is_generated, CAST(NULL AS VARCHAR) AS generation_expression,
       CASE c.kind WHEN 'v' THEN 'NO' ELSE 'YES' END AS is_updatable
FROM mead_catalog.attributes a
JOIN mead_catalog.classes c ON c.oid = a.class_oid
JOIN mead_catalog.types t ON t.oid = a.type_oid
