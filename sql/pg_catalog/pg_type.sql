-- Types of columns, parameters and the system's tables, with their arrays.
SELECT oid, name AS typname, CAST(11 AS BIGINT) AS typnamespace, owner_oid AS typowner, length AS typlen,
       by_value AS typbyval, kind AS typtype, category AS typcategory, preferred AS typispreferred, true AS typisdefined,
       ',' AS typdelim, CAST(0 AS BIGINT) AS typrelid, subscript AS typsubscript, element_oid AS typelem,
       array_oid AS typarray, input AS typinput, output AS typoutput, receive AS typreceive, send AS typsend,
       modifier_input AS typmodin, modifier_output AS typmodout,
       CASE WHEN category = 'A' THEN 'array_typanalyze' ELSE '-' END AS typanalyze, align AS typalign,
       storage AS typstorage, false AS typnotnull, CAST(0 AS BIGINT) AS typbasetype, CAST(-1 AS INTEGER) AS typtypmod,
       CAST(0 AS INTEGER) AS typndims, collation_oid AS typcollation, CAST(NULL AS VARCHAR) AS typdefaultbin,
       CAST(NULL AS VARCHAR) AS typdefault, CAST(NULL AS VARCHAR[]) AS typacl
FROM mead_catalog.types
