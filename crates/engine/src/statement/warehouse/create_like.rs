//! CREATE TABLE … LIKE: another table's columns and formats, without its rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::sql::sqlparser::ast::ObjectName;
use mead_catalog::{HiveStorage, NewRelation, Relation, RelationKind};
use mead_common::Diagnostic;
use mead_parser::CreateHiveTable;
use mead_storage::hive::{COMMENT, DEFAULT, Serde, hive_field, hive_type_name};

use super::super::Runner;
use super::super::names::QualifiedName;
use super::relation::{TableKind, table_kind};
use crate::session::Execution;

impl Runner {
    pub(super) async fn create_like(
        &self,
        create: &CreateHiveTable,
        name: &QualifiedName,
        like: &ObjectName,
    ) -> Result<Execution, Diagnostic> {
        let source = self.relation_named(like)?;
        let is_external = create.external || create.location.is_some();
        let says_format = create.row_format.is_some() || create.stored_as.is_some() || create.using.is_some();
        let relation = NewRelation {
            schema: name.schema.clone(),
            name: name.name.clone(),
            kind: if is_external { RelationKind::External } else { RelationKind::Managed },
            owner: self.user.name.clone(),
            columns: Arc::clone(&source.new.columns),
            partitions: Arc::clone(&source.new.partitions),
            format: None,
            location: None,
            options: BTreeMap::new(),
            columns_declared: true,
            definition: None,
            comment: create.comment.clone(),
            properties: create.properties.clone(),
            storage: None,
        };
        let is_delta = source.new.kind == RelationKind::Managed && table_kind(&source) == TableKind::Delta;
        if is_delta && !says_format && !is_external {
            self.create_delta(name, relation, None, create.or_replace).await?;
            return Ok(Execution::done("CREATE TABLE"));
        }
        let storage = match says_format {
            true => self.storage_of(create)?,
            false => self.storage_like(&source)?,
        };
        let location = match &create.location {
            Some(location) => self.resolve_path(location)?,
            None if is_external => self.default_location(name)?,
            None => self.new_folder(name),
        };
        let relation = NewRelation {
            columns: hive_columns(&relation.columns)?,
            partitions: hive_columns(&relation.partitions)?,
            format: Some(Serde::of_class(&storage.serde)?.format_name().to_owned()),
            location: Some(location),
            storage: Some(storage),
            ..relation
        };
        self.check_format(&relation)?;
        self.make_location(&relation)?;
        self.publish(&relation, create.or_replace)?;
        Ok(Execution::done("CREATE TABLE"))
    }

    /// The formats of a table; of one in none of Hive's, the nearest to them.
    fn storage_like(&self, source: &Relation) -> Result<HiveStorage, Diagnostic> {
        if let Some(storage) = &source.new.storage {
            return Ok(storage.clone());
        }
        let named = match source.new.format.as_deref() {
            Some("PARQUET") => Some(mead_parser::FileFormat::Named("parquet".to_owned())),
            Some("JSON") => Some(mead_parser::FileFormat::Named("jsonfile".to_owned())),
            _ => None,
        };
        self.hive_storage(None, named.as_ref())
    }
}

/// Columns as Hive's types, whatever they are of.
pub(super) fn hive_columns(columns: &Schema) -> Result<SchemaRef, Diagnostic> {
    let fields = columns.fields().iter().map(|field| {
        let new = hive_field(&field.name().to_lowercase(), &hive_type_name(field))?;
        let mut metadata = new.metadata().clone();
        for key in [COMMENT, DEFAULT] {
            if let Some(value) = field.metadata().get(key) {
                metadata.insert(key.to_owned(), value.clone());
            }
        }
        Ok(new.with_nullable(field.is_nullable()).with_metadata(metadata))
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<Field>, Diagnostic>>()?)))
}
