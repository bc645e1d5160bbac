-- Schemas, which Hive calls databases.
SELECT current_database() AS catalog_name, name AS schema_name, owner AS schema_owner,
       CAST(NULL AS VARCHAR) AS default_character_set_catalog, CAST(NULL AS VARCHAR) AS default_character_set_schema,
       CAST(NULL AS VARCHAR) AS default_character_set_name, CAST(NULL AS VARCHAR) AS sql_path
FROM mead_catalog.schemas
WHERE name <> 'mead_catalog'
