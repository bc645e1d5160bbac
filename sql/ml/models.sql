-- The models, each with the version that is used where none is named.
SELECT schema_name, name, version, task, label, label_type, inputs, bytes, hash, owner, created_at
FROM mead_catalog.model_versions
WHERE is_default
