-- Every version of every model: what made it, and the hash of its bytes.
SELECT schema_name, name, version, is_default, task, label, label_type, inputs, query, seed, hash, bytes, owner, created_at
FROM mead_catalog.model_versions
