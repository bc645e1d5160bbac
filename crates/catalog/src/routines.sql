-- What version 4 added: functions that users define, and settings that a role's sessions begin with ('' for all roles).
CREATE TABLE routines (
  oid INTEGER PRIMARY KEY REFERENCES oids, schema TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL,
  dialect TEXT NOT NULL, definition TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (schema, name)
);
CREATE TABLE role_settings (role TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (role, name));
