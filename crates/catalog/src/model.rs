//! Models and their versions. Bytes first, on disk under their hash; the entry that names them last.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use crate::metastore::{Catalog, new_oid, now_micros};
use crate::{Error, schema_name};

/// A version to be published.
#[derive(Debug, Clone)]
pub struct NewModel {
    pub schema: String,
    pub name: String,
    pub owner: String,
    pub bytes: Vec<u8>,
    pub task: String,
    pub label: Option<String>,
    pub label_type: Option<String>,
    /// What PREDICT takes, as text.
    pub inputs: String,
    /// The statement that made it.
    pub query: String,
    pub seed: Option<i64>,
}

/// A version as it is kept.
#[derive(Debug, Clone)]
pub struct ModelVersion {
    pub oid: i64,
    pub schema: String,
    pub name: String,
    pub owner: String,
    pub version: i64,
    pub is_default: bool,
    pub hash: String,
    pub bytes: i64,
    pub task: String,
    pub label: Option<String>,
    pub label_type: Option<String>,
    pub inputs: String,
    pub query: String,
    pub seed: Option<i64>,
    pub created_at: i64,
}

const SELECT: &str = "SELECT m.oid, m.schema, m.name, m.owner, v.version, v.hash, v.bytes, v.task, v.label, v.label_type, \
     v.inputs, v.query, v.seed, v.created_at, \
     v.version = coalesce(m.default_version, (SELECT max(version) FROM model_versions WHERE model = m.oid)) AS is_default \
     FROM models m JOIN model_versions v ON v.model = m.oid";

impl Catalog {
    /// Publishes a version: readers see it when this returns, and then for good. An existing model without `replace` is an
    /// error. Gives the version's number.
    pub fn publish_model(&self, new: &NewModel, replace: bool) -> Result<i64, Error> {
        let schema = schema_name(&new.schema);
        if !replace && self.model(schema, &new.name, None)?.is_some() {
            return Err(Error::DuplicateModel(new.name.clone()));
        }
        if !self.schema_exists(schema)? {
            return Err(Error::UndefinedSchema(schema.to_owned()));
        }
        let hash = hash(&new.bytes);
        let _files = self.model_files.lock();
        mead_storage::write_file(&self.model_path(&hash), &new.bytes)?;
        self.write(|db| {
            let known: Option<i64> = db
                .query_row("SELECT oid FROM models WHERE schema = ?1 AND name = ?2", [schema, &new.name], |row| {
                    row.get(0)
                })
                .optional()?;
            let oid = match known {
                Some(_) if !replace => return Err(Error::DuplicateModel(new.name.clone())),
                Some(oid) => oid,
                None => {
                    let oid = new_oid(db, "model")?;
                    db.execute(
                        "INSERT INTO models VALUES (?1, ?2, ?3, ?4, NULL, ?5)",
                        params![oid, schema, new.name, new.owner, now_micros()],
                    )?;
                    oid
                }
            };
            let version: i64 = db.query_row(
                "SELECT coalesce(max(version), 0) + 1 FROM model_versions WHERE model = ?1",
                [oid],
                |row| row.get(0),
            )?;
            // A newly published version is the one that is used, whatever was pinned before.
            db.execute("UPDATE models SET default_version = NULL WHERE oid = ?1", [oid])?;
            db.execute(
                "INSERT INTO model_versions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                params![
                    oid,
                    version,
                    hash,
                    new.bytes.len() as i64,
                    new.task,
                    new.label,
                    new.label_type,
                    new.inputs,
                    new.query,
                    new.seed,
                    now_micros()
                ],
            )?;
            Ok(version)
        })
    }

    /// A model's version, or the one that is used where none is named.
    pub fn model(&self, schema: &str, name: &str, version: Option<i64>) -> Result<Option<ModelVersion>, Error> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!(
                "{SELECT} WHERE m.schema = ?1 AND m.name = ?2 AND CASE WHEN ?3 IS NULL THEN is_default ELSE v.version = ?3 END"
            ))?;
            let found = statement.query_row(params![schema_name(schema), name, version], version_of).optional()?;
            Ok(found)
        })
    }

    /// All versions of all models, by name and version.
    pub fn model_versions(&self) -> Result<Vec<ModelVersion>, Error> {
        self.read(|db| {
            let mut statement = db.prepare_cached(&format!("{SELECT} ORDER BY m.schema, m.name, v.version"))?;
            Ok(statement.query_map([], version_of)?.collect::<Result<_, _>>()?)
        })
    }

    /// A version's bytes, checked against their hash.
    pub fn model_bytes(&self, version: &ModelVersion) -> Result<Arc<[u8]>, Error> {
        let path = self.model_path(&version.hash);
        let bytes = std::fs::read(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
        if hash(&bytes) != version.hash {
            return Err(Error::Corrupt(format!(
                "file \"{}\" does not have the bytes it was written with",
                path.display()
            )));
        }
        Ok(bytes.into())
    }

    /// Pins the version that is used.
    pub fn set_default_version(&self, schema: &str, name: &str, version: i64) -> Result<(), Error> {
        if self.model(schema, name, None)?.is_none() {
            return Err(Error::UndefinedModel(name.to_owned()));
        }
        let Some(found) = self.model(schema, name, Some(version))? else {
            return Err(Error::UndefinedVersion { name: name.to_owned(), version });
        };
        self.write(|db| {
            db.execute("UPDATE models SET default_version = ?2 WHERE oid = ?1", params![found.oid, version])?;
            Ok(())
        })
    }

    pub fn rename_model(&self, schema: &str, name: &str, to: &str) -> Result<(), Error> {
        let Some(found) = self.model(schema, name, None)? else {
            return Err(Error::UndefinedModel(name.to_owned()));
        };
        if self.model(schema, to, None)?.is_some() {
            return Err(Error::DuplicateModel(to.to_owned()));
        }
        self.write(|db| {
            db.execute("UPDATE models SET name = ?2 WHERE oid = ?1", params![found.oid, to])?;
            Ok(())
        })
    }

    /// Removes a model with all its versions, then the files that nothing names any more. False if there was none.
    pub fn drop_model(&self, schema: &str, name: &str) -> Result<bool, Error> {
        let Some(found) = self.model(schema, name, None)? else {
            return Ok(false);
        };
        let _files = self.model_files.lock();
        let unused: Vec<String> = self.write(|db| {
            let hashes: Vec<String> = {
                let mut statement = db.prepare("SELECT DISTINCT hash FROM model_versions WHERE model = ?1")?;
                statement.query_map([found.oid], |row| row.get(0))?.collect::<Result<_, _>>()?
            };
            db.execute("DELETE FROM model_versions WHERE model = ?1", [found.oid])?;
            db.execute("DELETE FROM models WHERE oid = ?1", [found.oid])?;
            let mut unused = Vec::new();
            for hash in hashes {
                let count: i64 =
                    db.query_row("SELECT count(*) FROM model_versions WHERE hash = ?1", [&hash], |row| row.get(0))?;
                if count == 0 {
                    unused.push(hash);
                }
            }
            Ok(unused)
        })?;
        for hash in unused {
            // A file that cannot be removed now is removed when the server starts again.
            if let Err(error) = std::fs::remove_file(self.model_path(&hash)) {
                tracing::warn!(hash, %error, "a dropped model's file stays until the next start");
            }
        }
        Ok(true)
    }

    fn model_path(&self, hash: &str) -> PathBuf {
        self.folder().join("models").join(format!("{hash}.onnx"))
    }
}

fn version_of(row: &Row<'_>) -> rusqlite::Result<ModelVersion> {
    Ok(ModelVersion {
        oid: row.get("oid")?,
        schema: row.get("schema")?,
        name: row.get("name")?,
        owner: row.get("owner")?,
        version: row.get("version")?,
        is_default: row.get("is_default")?,
        hash: row.get("hash")?,
        bytes: row.get("bytes")?,
        task: row.get("task")?,
        label: row.get("label")?,
        label_type: row.get("label_type")?,
        inputs: row.get("inputs")?,
        query: row.get("query")?,
        seed: row.get("seed")?,
        created_at: row.get("created_at")?,
    })
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
