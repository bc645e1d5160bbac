//! Columns as a statement declares them.

use std::collections::HashMap;

use datafusion::arrow::datatypes::Field;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{HiveColumn, PartitionedBy};
use mead_storage::hive::{COMMENT, DEFAULT, hive_field};

/// The field of a column.
pub(in crate::statement) fn field_of(column: &HiveColumn) -> Result<Field, Diagnostic> {
    let field = hive_field(&column.name, &column.data_type)?;
    let mut metadata: HashMap<String, String> = field.metadata().clone();
    if let Some(comment) = &column.comment {
        metadata.insert(COMMENT.to_owned(), comment.clone());
    }
    if let Some(default) = &column.default {
        metadata.insert(DEFAULT.to_owned(), default.to_string());
    }
    Ok(field.with_nullable(!column.not_null).with_metadata(metadata))
}

/// The fields of columns, whose names must differ.
pub(in crate::statement) fn fields_of(columns: &[HiveColumn]) -> Result<Vec<Field>, Diagnostic> {
    let fields: Vec<Field> = columns.iter().map(field_of).collect::<Result<_, _>>()?;
    check_names(&fields)?;
    Ok(fields)
}

/// 42701 where two columns have one name.
pub(in crate::statement) fn check_names(fields: &[Field]) -> Result<(), Diagnostic> {
    for (place, field) in fields.iter().enumerate() {
        if fields.iter().take(place).any(|other| other.name() == field.name()) {
            return Err(Diagnostic::new(
                sqlstate::DUPLICATE_COLUMN,
                format!("column \"{}\" specified more than once", field.name()),
            ));
        }
    }
    Ok(())
}

/// Moves the columns that PARTITIONED BY names out of a table's, and adds those that it declares. Gives the columns of the files
/// and those of the partitions.
pub(in crate::statement) fn partitioned(
    mut columns: Vec<Field>,
    partitioned_by: &[PartitionedBy],
) -> Result<(Vec<Field>, Vec<Field>), Diagnostic> {
    let mut partitions = Vec::new();
    for column in partitioned_by {
        match column {
            PartitionedBy::Declared(column) => partitions.push(field_of(column)?),
            PartitionedBy::Named(name) => match columns.iter().position(|field| field.name() == name) {
                Some(place) => partitions.push(columns.remove(place)),
                None => {
                    let message = format!("partition column \"{name}\" does not exist");
                    return Err(Diagnostic::new(sqlstate::UNDEFINED_COLUMN, message));
                }
            },
        }
    }
    if let Some(nested) = partitions.iter().find(|field| field.data_type().is_nested()) {
        return Err(Diagnostic::new(
            sqlstate::INVALID_TABLE_DEFINITION,
            format!("partition column \"{}\" must have a simple type", nested.name()),
        ));
    }
    let all: Vec<Field> = columns.iter().chain(&partitions).cloned().collect();
    check_names(&all)?;
    if columns.is_empty() && !partitions.is_empty() {
        return Err(Diagnostic::new(
            sqlstate::INVALID_TABLE_DEFINITION,
            "a table needs a column that is no partition column",
        ));
    }
    Ok((columns, partitions))
}
