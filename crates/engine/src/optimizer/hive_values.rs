//! The types of a VALUES list's columns in Hive's dialects: those of its literals, and what they have in common.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{ExprSchemable, LogicalPlan, Values};

use crate::plan::hive::coercion::{of_either, to_type};

/// A list whose values have been given Hive's types, with columns of such types.
pub(super) fn typed(values: Values) -> Result<LogicalPlan> {
    let Values { schema, values: mut rows } = values;
    let none = DFSchema::empty();
    let mut fields = Vec::with_capacity(schema.fields().len());
    for (place, (qualifier, field)) in schema.iter().enumerate() {
        let types = rows.iter().filter_map(|row| row.get(place)).map(|value| value.get_type(&none));
        let wanted = common(&types.collect::<Result<Vec<_>>>()?).unwrap_or_else(|| field.data_type().clone());
        for value in rows.iter_mut().filter_map(|row| row.get_mut(place)) {
            *value = to_type(std::mem::take(value), &wanted, &none);
        }
        let field = Field::new(field.name(), wanted, true).with_metadata(field.metadata().clone());
        fields.push((qualifier.cloned(), Arc::new(field)));
    }
    let schema = DFSchema::new_with_metadata(fields, schema.metadata().clone())?;
    Ok(LogicalPlan::Values(Values { schema: Arc::new(schema), values: rows }))
}

/// The one type that all are of, or that Hive brings them to; `None` where DataFusion's own is right.
fn common(types: &[DataType]) -> Option<DataType> {
    let mut known: Option<DataType> = None;
    for data_type in types.iter().filter(|data_type| !data_type.is_null()) {
        known = match known {
            None => Some(data_type.clone()),
            Some(known) if known == *data_type => Some(known),
            Some(known) => Some(of_either(&known, data_type)?),
        };
    }
    known
}
