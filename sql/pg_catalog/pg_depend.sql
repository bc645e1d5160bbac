-- Dependencies between objects: mead keeps none.
SELECT CAST(NULL AS BIGINT) AS classid, CAST(NULL AS BIGINT) AS objid, CAST(NULL AS INTEGER) AS objsubid,
       CAST(NULL AS BIGINT) AS refclassid, CAST(NULL AS BIGINT) AS refobjid, CAST(NULL AS INTEGER) AS refobjsubid,
       CAST(NULL AS VARCHAR) AS deptype
WHERE false
