-- User mappings: mead has no foreign servers.
SELECT CAST(NULL AS BIGINT) AS umid, CAST(NULL AS BIGINT) AS srvid, CAST(NULL AS VARCHAR) AS srvname,
       CAST(NULL AS BIGINT) AS umuser, CAST(NULL AS VARCHAR) AS usename, CAST(NULL AS VARCHAR[]) AS umoptions
WHERE false
