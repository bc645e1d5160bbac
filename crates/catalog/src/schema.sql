-- The metastore, without what warehouse.sql adds. OIDs are shared by schemas, relations, models and roles, and never used twice.
CREATE TABLE oids (oid INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL);
CREATE TABLE schemas (
  oid INTEGER PRIMARY KEY REFERENCES oids, name TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, created_at INTEGER NOT NULL,
  comment TEXT, location TEXT, properties TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE relations (
  oid INTEGER PRIMARY KEY REFERENCES oids, schema TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,
  owner TEXT NOT NULL, columns BLOB NOT NULL, partitions BLOB NOT NULL, format TEXT, location TEXT, options TEXT NOT NULL,
  columns_declared INTEGER NOT NULL, definition TEXT, comment TEXT, created_at INTEGER NOT NULL,
  properties TEXT NOT NULL DEFAULT '{}', storage TEXT, UNIQUE (schema, name)
);
CREATE TABLE models (
  oid INTEGER PRIMARY KEY REFERENCES oids, schema TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL,
  default_version INTEGER, created_at INTEGER NOT NULL, UNIQUE (schema, name)
);
CREATE TABLE model_versions (
  model INTEGER NOT NULL REFERENCES models ON DELETE CASCADE, version INTEGER NOT NULL, hash TEXT NOT NULL,
  bytes INTEGER NOT NULL, task TEXT NOT NULL, label TEXT, label_type TEXT, inputs TEXT NOT NULL, query TEXT NOT NULL,
  seed INTEGER, created_at INTEGER NOT NULL, PRIMARY KEY (model, version)
);
CREATE TABLE training_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, model TEXT, grouped_by TEXT, function TEXT NOT NULL, options TEXT, query TEXT NOT NULL,
  status TEXT NOT NULL, error TEXT, started_at INTEGER NOT NULL, ended_at INTEGER, spilled INTEGER NOT NULL DEFAULT 0,
  kernels TEXT
);
CREATE TABLE training_history (
  run INTEGER NOT NULL REFERENCES training_runs ON DELETE CASCADE, epoch INTEGER NOT NULL, epochs INTEGER NOT NULL,
  loss REAL NOT NULL, accuracy REAL, validation_loss REAL, validation_accuracy REAL, learning_rate REAL NOT NULL,
  rows INTEGER NOT NULL, seconds REAL NOT NULL, rows_per_second REAL NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (run, epoch)
);
CREATE TABLE roles (
  oid INTEGER PRIMARY KEY REFERENCES oids, name TEXT NOT NULL UNIQUE, superuser INTEGER NOT NULL, login INTEGER NOT NULL,
  verifier TEXT
);
