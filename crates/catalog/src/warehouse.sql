-- What version 3 added: Hive's partitions, and the files of tables that lie in the warehouse.
CREATE TABLE partitions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, relation INTEGER NOT NULL REFERENCES relations ON DELETE CASCADE, name TEXT NOT NULL,
  location TEXT, columns BLOB, storage TEXT, parameters TEXT NOT NULL DEFAULT '{}', created_at INTEGER NOT NULL,
  UNIQUE (relation, name)
);
-- One row for each partition column of each partition; NULL is __HIVE_DEFAULT_PARTITION__.
CREATE TABLE partition_values (
  partition INTEGER NOT NULL REFERENCES partitions ON DELETE CASCADE, relation INTEGER NOT NULL, position INTEGER NOT NULL,
  value TEXT, PRIMARY KEY (partition, position)
);
CREATE INDEX partition_values_by_value ON partition_values (relation, position, value, partition);
-- Files and folders outside of the data directory on their way to their places; inode: of what comes to the target.
CREATE TABLE moves (
  statement INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, inode INTEGER NOT NULL,
  published INTEGER NOT NULL DEFAULT 0
);
-- partition: 0 for a table without partitions. path: below the table's location.
CREATE TABLE files (
  relation INTEGER NOT NULL REFERENCES relations ON DELETE CASCADE, partition INTEGER NOT NULL, path TEXT NOT NULL,
  bytes INTEGER NOT NULL, rows INTEGER, PRIMARY KEY (relation, partition, path)
);
