//! What a statement's PARTITION clause says, as values of a table's partition columns.

use std::path::PathBuf;

use datafusion::arrow::datatypes::Field;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::sql::sqlparser::ast::{Expr, ExprWithAlias};
use mead_catalog::{NewPartition, Relation, RelationKind};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::PartitionSpec;
use mead_storage::hive::{DEFAULT_PARTITION, partition_name, partition_text, partition_value};

use super::super::Runner;

impl Runner {
    /// For each of a table's partition columns the value that the clause gives, if it gives one: a text, or `None` for NULL.
    /// A column that is named without a value counts as not given.
    pub(in crate::statement) fn partition_values(
        &self,
        relation: &Relation,
        spec: &PartitionSpec,
    ) -> Result<Vec<Option<Option<String>>>, Diagnostic> {
        let columns = &relation.new.partitions;
        if columns.fields().is_empty() && !spec.0.is_empty() {
            return Err(Diagnostic::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("table \"{}\" is not partitioned", relation.new.name),
            ));
        }
        let mut values = vec![None; columns.fields().len()];
        let mut named: Vec<&str> = Vec::new();
        for (name, value) in &spec.0 {
            let Ok(place) = columns.index_of(name) else {
                return Err(Diagnostic::new(
                    sqlstate::UNDEFINED_COLUMN,
                    format!("\"{name}\" is no partition column of table \"{}\"", relation.new.name),
                ));
            };
            if named.contains(&name.as_str()) {
                return Err(Diagnostic::new(
                    sqlstate::DUPLICATE_COLUMN,
                    format!("partition column \"{name}\" specified more than once"),
                ));
            }
            named.push(name);
            if let (Some(value), Some(kept)) = (value, values.get_mut(place)) {
                *kept = Some(self.partition_constant(columns.field(place), value)?);
            }
        }
        Ok(values)
    }

    /// [`Self::partition_values`] of a clause that must give all columns' values.
    pub(in crate::statement) fn full_partition_values(
        &self,
        relation: &Relation,
        spec: &PartitionSpec,
    ) -> Result<Vec<Option<String>>, Diagnostic> {
        let values = self.partition_values(relation, spec)?;
        match values.iter().position(Option::is_none) {
            None => Ok(values.into_iter().flatten().collect()),
            Some(place) => Err(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                format!("partition column \"{}\" needs a value", relation.new.partitions.field(place).name()),
            )),
        }
    }

    /// The text of a constant, as the partition's folder and the metastore have it.
    pub(in crate::statement) fn partition_constant(
        &self,
        field: &Field,
        value: &Expr,
    ) -> Result<Option<String>, Diagnostic> {
        let value = self.partition_scalar(value)?;
        let text = match value {
            ScalarValue::Utf8(text) | ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) => text,
            value if value.is_null() => None,
            // What is no text is written as a value of its own type.
            value => partition_text(&value)?,
        };
        match text.as_deref() {
            None | Some(DEFAULT_PARTITION) => Ok(None),
            text => Ok(partition_text(&partition_value(field, text)?)?),
        }
    }

    /// The value of an expression that reads no rows.
    fn partition_scalar(&self, expression: &Expr) -> Result<ScalarValue, Diagnostic> {
        let report = |error| self.report(&error);
        let schema = DFSchema::empty();
        let named = ExprWithAlias { expr: expression.clone(), alias: None };
        let planned = self.state.create_logical_expr_from_sql_expr(named, &schema).map_err(report)?;
        let physical = self.state.create_physical_expr(planned, &schema).map_err(report)?;
        let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(1));
        let row = datafusion::arrow::array::RecordBatch::try_new_with_options(
            std::sync::Arc::clone(schema.inner()),
            Vec::new(),
            &options,
        );
        let row = row.map_err(|error| self.report(&error.into()))?;
        let value = physical.evaluate(&row).and_then(|value| value.into_array(1)).map_err(report)?;
        ScalarValue::try_from_array(&value, 0).map_err(report)
    }
}

/// The name of the partition with these values.
pub(in crate::statement) fn name_of_partition(relation: &Relation, values: &[Option<String>]) -> String {
    partition_name(relation.new.partitions.fields().iter().map(|field| field.name().as_str()), values)
}

/// A partition of a table where it would be made: of an external table in a folder of its own.
pub(in crate::statement) fn new_partition(
    relation: &Relation,
    values: Vec<Option<String>>,
    location: Option<PathBuf>,
) -> NewPartition {
    let name = name_of_partition(relation, &values);
    let location = location.or_else(|| match relation.new.kind {
        RelationKind::External => relation.new.location.as_ref().map(|folder| folder.join(&name)),
        _ => None,
    });
    NewPartition { values, name, location, ..NewPartition::default() }
}
