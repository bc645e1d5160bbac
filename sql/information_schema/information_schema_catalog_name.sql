-- The name of the database.
SELECT current_database() AS catalog_name
