//! ALTER TABLE … ADD, REPLACE, CHANGE, RENAME and DROP COLUMN.
//!
//! Of a table of files only what is known about them changes: files keep their columns, which are found by name in Parquet,
//! ORC, Avro and JSON and by place in text. A partition keeps the columns that the table had when they are changed without
//! CASCADE.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use mead_catalog::{NewPartition, NewRelation, Partition, Relation};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{AlterTableAction, ColumnPosition, HiveColumn, PartitionSpec};
use mead_storage::ManagedTable;
use mead_storage::hive::{COMMENT, Serde, hive_type_name, partition_text, partition_value};

use super::super::Runner;
use super::super::change::Attempts;
use super::columns::{check_names, field_of};
use super::partition::name_of_partition;
use super::relation::{TableKind, table_kind};

impl Runner {
    pub(super) async fn alter_columns(
        &self,
        relation: &Relation,
        partition: Option<&PartitionSpec>,
        action: &AlterTableAction,
    ) -> Result<(), Diagnostic> {
        if let AlterTableAction::PartitionColumn(column) = action {
            return self.change_partition_column(relation, column);
        }
        match table_kind(relation) {
            TableKind::Hive => {}
            TableKind::Delta => return self.alter_delta_columns(relation, partition, action).await,
            TableKind::Files => {
                return Err(Diagnostic::unsupported(format!(
                    "the columns of table \"{}\" cannot be changed",
                    relation.new.name
                ))
                .with_hint("drop the table, whose files stay, and create it with other columns"));
            }
        }
        if let AlterTableAction::SetNotNull { column, not_null: true } = action {
            self.check_no_null(relation, column).await?;
        }
        if let Some(spec) = partition {
            let table = Arc::clone(&relation.new.columns);
            return self.alter_each(relation, spec, |partition| {
                let columns = partition.columns.clone().unwrap_or_else(|| Arc::clone(&table));
                partition.columns = Some(self.changed(&columns, relation, action)?);
                Ok(())
            });
        }
        let columns = self.changed(&relation.new.columns, relation, action)?;
        let new = NewRelation { columns, ..relation.new.clone() };
        let whole = Relation { oid: relation.oid, created_at: relation.created_at, new: new.clone() };
        whole.table_format()?.validate(&new.columns)?;
        let partitions = self.kept_partitions(relation, is_cascade(action))?;
        Ok(self.engine.catalog.alter_with_partitions(relation, &new, &partitions)?)
    }

    /// Partitions keep the columns that they had, or with CASCADE follow the table from now on.
    fn kept_partitions(
        &self,
        relation: &Relation,
        cascade: bool,
    ) -> Result<Vec<(Partition, NewPartition)>, Diagnostic> {
        if relation.new.partitions.fields().is_empty() {
            return Ok(Vec::new());
        }
        let mut changed = Vec::new();
        for partition in self.engine.catalog.partitions(relation.oid, &[])? {
            if partition.new.columns.is_some() == cascade {
                let mut new = partition.new.clone();
                new.columns = (!cascade).then(|| Arc::clone(&relation.new.columns));
                changed.push((partition, new));
            }
        }
        Ok(changed)
    }

    /// `PARTITION COLUMN (name type)`: the values that there are must be values of the new type, and are kept as that type
    /// writes them, since a query looks for them so.
    fn change_partition_column(&self, relation: &Relation, column: &HiveColumn) -> Result<(), Diagnostic> {
        let Ok(place) = relation.new.partitions.index_of(&column.name) else {
            return Err(undefined(relation, &column.name));
        };
        let field = self.field(column)?;
        if field.data_type().is_nested() {
            return Err(Diagnostic::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!("partition column \"{}\" must have a simple type", column.name),
            ));
        }
        let mut fields: Vec<Field> =
            relation.new.partitions.fields().iter().map(|field| field.as_ref().clone()).collect();
        if let Some(old) = fields.get_mut(place) {
            *old = field.clone();
        }
        let new = NewRelation { partitions: Arc::new(Schema::new(fields)), ..relation.new.clone() };
        let mut names = HashSet::new();
        let mut changed = Vec::new();
        for old in self.engine.catalog.partitions(relation.oid, &[])? {
            let mut partition = old.new.clone();
            if let Some(text) = partition.values.get_mut(place) {
                *text = partition_text(&partition_value(&field, text.as_deref())?)?;
            }
            partition.name = name_of_partition(relation, &partition.values);
            if !names.insert(partition.name.clone()) {
                return Err(Diagnostic::new(
                    sqlstate::UNIQUE_VIOLATION,
                    format!("two partitions of table \"{}\" would be \"{}\"", relation.new.name, partition.name),
                ));
            }
            if partition != old.new {
                changed.push((old, partition));
            }
        }
        Ok(self.engine.catalog.alter_with_partitions(relation, &new, &changed)?)
    }

    /// Columns of a managed table under a Delta log.
    async fn alter_delta_columns(
        &self,
        relation: &Relation,
        partition: Option<&PartitionSpec>,
        action: &AlterTableAction,
    ) -> Result<(), Diagnostic> {
        if partition.is_some() {
            let message = format!("table \"{}\" is not partitioned", relation.new.name);
            return Err(Diagnostic::new(sqlstate::WRONG_OBJECT_TYPE, message));
        }
        if let AlterTableAction::SetNotNull { column, not_null: true } = action {
            self.check_no_null(relation, column).await?;
        }
        let table = ManagedTable::new(relation.new.location.clone().unwrap_or_default());
        let mut attempts = Attempts::default();
        loop {
            let change = table.change(&relation.new.columns, false).await?;
            // Who waited for another one's change of columns knows only those that were before.
            let now = self.engine.catalog.relation(&relation.new.schema, &relation.new.name)?;
            if now.is_none_or(|now| now.oid != relation.oid || now.new.columns != relation.new.columns) {
                return Err(mead_catalog::Error::ChangedMeanwhile.into());
            }
            let there = described(&change.columns(), &relation.new.columns);
            let columns = ManagedTable::declared_schema(self.changed(&there, relation, action)?.as_ref())?;
            let sources = sources(&there, action, &columns);
            let altered = change.alter(&self.state, &columns, &sources).await;
            match altered.map_err(|error| self.report(&error.into())) {
                Err(error) if attempts.again(&error) => {}
                done => {
                    done?;
                    return Ok(self.engine.catalog.note_columns(relation, &columns)?);
                }
            }
        }
    }

    /// The columns after an action.
    fn changed(
        &self,
        columns: &Schema,
        relation: &Relation,
        action: &AlterTableAction,
    ) -> Result<SchemaRef, Diagnostic> {
        let mut fields: Vec<Field> = columns.fields().iter().map(|field| field.as_ref().clone()).collect();
        let place = |name: &str| columns.index_of(name).map_err(|_| undefined(relation, name));
        match action {
            AlterTableAction::AddColumns { columns, .. } => fields.extend(self.fields(columns)?),
            AlterTableAction::ReplaceColumns { columns: new, .. } => {
                fields = self.fields(new)?;
                for field in &fields {
                    if let Ok(old) = columns.field_with_name(field.name()) {
                        check_types(old, field)?;
                    }
                }
            }
            AlterTableAction::ChangeColumn { name, column, position, .. } => {
                let old = fields.remove(place(name)?);
                let mut new = self.field(column)?;
                check_types(&old, &new)?;
                if column.comment.is_none()
                    && let Some(comment) = old.metadata().get(COMMENT)
                {
                    let mut metadata = new.metadata().clone();
                    metadata.insert(COMMENT.to_owned(), comment.clone());
                    new = new.with_metadata(metadata);
                }
                if !old.is_nullable() {
                    new = new.with_nullable(false);
                }
                let at = match position {
                    None => place(name)?,
                    Some(ColumnPosition::First) => 0,
                    Some(ColumnPosition::After(other)) => {
                        let found = fields.iter().position(|field| field.name() == other);
                        found.ok_or_else(|| undefined(relation, other))? + 1
                    }
                };
                fields.insert(at, new);
            }
            AlterTableAction::RenameColumn { from, to } => {
                let place = place(from)?;
                if let Some(field) = fields.get_mut(place) {
                    *field = field.clone().with_name(to);
                }
            }
            AlterTableAction::DropColumns { columns: names, if_exists } => {
                for name in names {
                    match fields.iter().position(|field| field.name() == name) {
                        Some(place) => {
                            if place + 1 < fields.len() && is_by_place(relation)? {
                                let what =
                                    format!("column \"{name}\" of table \"{}\" cannot be dropped", relation.new.name);
                                return Err(Diagnostic::unsupported(what)
                                    .with_detail("the files know their columns by their places alone")
                                    .with_hint("REPLACE COLUMNS says what the columns at these places are"));
                            }
                            fields.remove(place);
                        }
                        None if *if_exists => {}
                        None => return Err(undefined(relation, name)),
                    }
                }
            }
            AlterTableAction::SetColumnComment { column, comment } => {
                let place = place(column)?;
                if let Some(field) = fields.get_mut(place) {
                    let mut metadata = field.metadata().clone();
                    metadata.insert(COMMENT.to_owned(), comment.clone());
                    *field = field.clone().with_metadata(metadata);
                }
            }
            AlterTableAction::SetNotNull { column, not_null } => {
                let place = place(column)?;
                if let Some(field) = fields.get_mut(place) {
                    *field = field.clone().with_nullable(!not_null);
                }
            }
            _ => return Err(Diagnostic::internal("an action that changes no columns")),
        }
        if fields.is_empty() {
            return Err(Diagnostic::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!("table \"{}\" needs columns", relation.new.name),
            ));
        }
        let all: Vec<Field> =
            fields.iter().cloned().chain(relation.new.partitions.fields().iter().map(|f| f.as_ref().clone())).collect();
        check_names(&all)?;
        Ok(Arc::new(Schema::new(fields)))
    }

    /// The fields of columns, whose types are those of the statement's dialect.
    fn fields(&self, columns: &[HiveColumn]) -> Result<Vec<Field>, Diagnostic> {
        columns.iter().map(|column| self.field(column)).collect()
    }

    fn field(&self, column: &HiveColumn) -> Result<Field, Diagnostic> {
        if self.source.dialect.is_hive_like() {
            return field_of(column);
        }
        let Some(data_type) = mead_parser::data_type(&column.data_type) else {
            let message = format!("type \"{}\" does not exist", column.data_type);
            return Err(Diagnostic::new(sqlstate::UNDEFINED_OBJECT, message));
        };
        let field = self.sql_type(&data_type)?;
        Ok(Field::clone(&field).with_name(&column.name).with_nullable(!column.not_null))
    }

    /// 23502 where a column has a NULL.
    async fn check_no_null(&self, relation: &Relation, column: &str) -> Result<(), Diagnostic> {
        use datafusion::datasource::provider_as_source;
        use datafusion::logical_expr::{LogicalPlanBuilder, ident};
        use futures::StreamExt;
        let provider = self.provider_of(relation).await?;
        let plan = LogicalPlanBuilder::scan(relation.new.name.as_str(), provider_as_source(provider), None)
            .and_then(|plan| plan.filter(ident(column).is_null()))
            .and_then(|plan| plan.limit(0, Some(1)))
            .and_then(LogicalPlanBuilder::build)
            .map_err(|error| self.report(&error))?;
        let mut rows = self.open(&plan).await?;
        while let Some(batch) = rows.next().await {
            if batch.map_err(|error| self.report(&error))?.num_rows() > 0 {
                return Err(Diagnostic::new(
                    sqlstate::NOT_NULL_VIOLATION,
                    format!("column \"{column}\" of relation \"{}\" contains null values", relation.new.name),
                ));
            }
        }
        Ok(())
    }
}

/// True where files tell columns by their places alone.
fn is_by_place(relation: &Relation) -> Result<bool, Diagnostic> {
    Ok(table_kind(relation) == TableKind::Hive && {
        let serde = relation.table_format()?.serde;
        serde.is_text() && serde != Serde::Json
    })
}

fn is_cascade(action: &AlterTableAction) -> bool {
    match action {
        AlterTableAction::AddColumns { cascade, .. }
        | AlterTableAction::ChangeColumn { cascade, .. }
        | AlterTableAction::ReplaceColumns { cascade, .. } => *cascade,
        // What PostgreSQL and Spark write is about the whole table.
        _ => true,
    }
}

/// The columns that a table really has, as they were declared: a server that was killed may have told only the table of a
/// change.
fn described(there: &Schema, declared: &Schema) -> Schema {
    let one = |field: &Arc<Field>| match declared.field_with_name(field.name()) {
        Ok(declared) if declared.data_type() == field.data_type() => {
            declared.clone().with_nullable(field.is_nullable())
        }
        _ => field.as_ref().clone(),
    };
    Schema::new(there.fields().iter().map(one).collect::<Vec<_>>())
}

/// For each new column the old one that its values come from.
fn sources(old: &Schema, action: &AlterTableAction, new: &Schema) -> Vec<Option<String>> {
    let renamed = match action {
        AlterTableAction::ChangeColumn { name, column, .. } => Some((name, &column.name)),
        AlterTableAction::RenameColumn { from, to } => Some((from, to)),
        _ => None,
    };
    let added = |name: &String| match action {
        // What is replaced under the same name is the same column.
        AlterTableAction::ReplaceColumns { .. } => old.field_with_name(name).is_err(),
        AlterTableAction::AddColumns { columns, .. } => columns.iter().any(|column| column.name == *name),
        _ => false,
    };
    let one = |field: &Arc<Field>| match renamed {
        Some((from, to)) if to == field.name() => Some(from.clone()),
        _ => (!added(field.name())).then(|| field.name().clone()),
    };
    new.fields().iter().map(one).collect()
}

/// Values of the old type are read as those of the new one: a nested type has no values of another.
fn check_types(old: &Field, new: &Field) -> Result<(), Diagnostic> {
    let same_kind = match (old.data_type(), new.data_type()) {
        (from, to) if from.is_nested() || to.is_nested() => std::mem::discriminant(from) == std::mem::discriminant(to),
        (from, to) => datafusion::arrow::compute::can_cast_types(from, to),
    };
    match same_kind {
        true => Ok(()),
        false => Err(Diagnostic::new(
            sqlstate::DATATYPE_MISMATCH,
            format!("column \"{}\" of type {} cannot become {}", old.name(), hive_type_name(old), hive_type_name(new)),
        )),
    }
}

fn undefined(relation: &Relation, name: &str) -> Diagnostic {
    if relation.new.partitions.field_with_name(name).is_ok() {
        return Diagnostic::new(
            sqlstate::INVALID_TABLE_DEFINITION,
            format!("\"{name}\" is a partition column of table \"{}\"", relation.new.name),
        );
    }
    Diagnostic::new(
        sqlstate::UNDEFINED_COLUMN,
        format!("column \"{name}\" of relation \"{}\" does not exist", relation.new.name),
    )
}
