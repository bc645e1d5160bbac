-- Dependencies on shared objects: mead keeps none.
SELECT CAST(NULL AS BIGINT) AS dbid, CAST(NULL AS BIGINT) AS classid, CAST(NULL AS BIGINT) AS objid,
       CAST(NULL AS INTEGER) AS objsubid, CAST(NULL AS BIGINT) AS refclassid, CAST(NULL AS BIGINT) AS refobjid,
       CAST(NULL AS VARCHAR) AS deptype
WHERE false
