-- Functions. Most take families of types, so pg_get_function_arguments has their arguments, proargtypes none.
SELECT oid, name AS proname, CAST(11 AS BIGINT) AS pronamespace, owner_oid AS proowner, CAST(12 AS BIGINT) AS prolang,
       CAST(1 AS REAL) AS procost, CAST(CASE WHEN returns_set THEN 1000 ELSE 0 END AS REAL) AS prorows,
       CAST(0 AS BIGINT) AS provariadic, '-' AS prosupport, kind AS prokind, false AS prosecdef, false AS proleakproof,
       false AS proisstrict, returns_set AS proretset, volatility AS provolatile, 's' AS proparallel,
       argument_count AS pronargs, CAST(0 AS SMALLINT) AS pronargdefaults, CAST(2276 AS BIGINT) AS prorettype,
       CAST(NULL AS BIGINT[]) AS proargtypes, CAST(NULL AS BIGINT[]) AS proallargtypes, CAST(NULL AS VARCHAR[]) AS proargmodes,
       CAST(NULL AS VARCHAR[]) AS proargnames, CAST(NULL AS VARCHAR) AS proargdefaults, CAST(NULL AS BIGINT[]) AS protrftypes,
       name AS prosrc, CAST(NULL AS VARCHAR) AS probin, CAST(NULL AS VARCHAR) AS prosqlbody,
       CAST(NULL AS VARCHAR[]) AS proconfig, CAST(NULL AS VARCHAR[]) AS proacl
FROM mead_catalog.functions
