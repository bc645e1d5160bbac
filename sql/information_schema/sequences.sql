-- Sequences: mead has none.
SELECT CAST(NULL AS VARCHAR) AS sequence_catalog, CAST(NULL AS VARCHAR) AS sequence_schema,
       CAST(NULL AS VARCHAR) AS sequence_name, CAST(NULL AS VARCHAR) AS data_type,
       CAST(NULL AS INTEGER) AS numeric_precision, CAST(NULL AS INTEGER) AS numeric_precision_radix,
       CAST(NULL AS INTEGER) AS numeric_scale, CAST(NULL AS VARCHAR) AS start_value,
       CAST(NULL AS VARCHAR) AS minimum_value, CAST(NULL AS VARCHAR) AS maximum_value,
       CAST(NULL AS VARCHAR) AS increment, CAST(NULL AS VARCHAR) AS cycle_option
WHERE false
