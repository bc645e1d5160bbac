//! `stack(n, v1, …, vk)`: the values, cut into n rows.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, UInt32Array, new_null_array};
use datafusion::arrow::compute::{cast, concat, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::Documentation;
use datafusion::logical_expr::type_coercion::binary::comparison_coercion;
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, sqlstate};

use super::{SECTION, TableCall, TableFunction, TableRows, repeated};
use crate::error::external;

#[derive(Debug)]
pub(super) struct Stack;

/// The most rows that a row may become.
const ROWS_MAX: i64 = 10_000;

impl TableFunction for Stack {
    fn name(&self) -> &'static str {
        "stack"
    }

    fn documentation(&self) -> Documentation {
        Documentation::builder(
            SECTION,
            "The values, cut into n rows of the same number of columns.",
            "stack(n, value [, ...])",
        )
        .with_argument("n", "How many rows: a literal.")
        .with_argument("value", "The values, row by row; what the last row lacks is NULL.")
        .build()
    }

    fn columns(&self, call: &TableCall) -> Result<Vec<FieldRef>> {
        if call.fields.len() < 2 {
            return Err(call.refuse(self));
        }
        let count = match call.literals.first().copied().flatten().map(|value| value.cast_to(&DataType::Int64)) {
            Some(Ok(ScalarValue::Int64(Some(count)))) if (1..=ROWS_MAX).contains(&count) => count as usize,
            _ => {
                let message = "the first argument of stack must be a literal whole number";
                let report = Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message);
                return Err(external(report.with_hint(format!("it may be from 1 to {ROWS_MAX}"))));
            }
        };
        let values = &call.fields[1..];
        let width = values.len().div_ceil(count);
        let column = |column: usize| {
            let mut found = DataType::Null;
            for value in values.iter().skip(column).step_by(width) {
                found = match (&found, value.data_type()) {
                    (DataType::Null, given) => given.clone(),
                    (_, DataType::Null) => found,
                    (known, given) if known == given => found,
                    (known, given) => comparison_coercion(known, given).ok_or_else(|| {
                        let message = format!(
                            "column {} of stack has values of types {} and {}",
                            column + 1,
                            crate::types::type_name(known),
                            crate::types::type_name(given)
                        );
                        external(Diagnostic::new(sqlstate::DATATYPE_MISMATCH, message))
                    })?,
                };
            }
            Ok(Arc::new(Field::new(format!("col{column}"), found, true)))
        };
        (0..width).map(column).collect()
    }

    fn run(&self, arguments: &[ArrayRef], rows: usize, columns: &[FieldRef]) -> Result<TableRows> {
        let values = &arguments[1..];
        let width = columns.len();
        // The width is rounded up, so the number of rows cannot be had from it; it is what the literal says.
        let count = match ScalarValue::try_from_array(&arguments[0], 0) {
            Ok(value) if rows > 0 => match value.cast_to(&DataType::Int64)? {
                ScalarValue::Int64(Some(count)) => count.clamp(0, ROWS_MAX) as usize,
                _ => 0,
            },
            _ => 0,
        };
        let parents = repeated(std::iter::repeat_n(count, rows))?;
        let mut made = Vec::with_capacity(width);
        for (index, column) in columns.iter().enumerate() {
            let mut parts = Vec::with_capacity(count);
            for row in 0..count {
                parts.push(match values.get(row * width + index) {
                    Some(values) => cast(values, column.data_type())?,
                    None => new_null_array(column.data_type(), rows),
                });
            }
            if parts.is_empty() {
                made.push(new_null_array(column.data_type(), 0));
                continue;
            }
            let parts = concat(&parts.iter().map(|part| part.as_ref()).collect::<Vec<_>>())?;
            let order = (0..rows).flat_map(|row| (0..count).map(move |part| (part * rows + row) as u32));
            made.push(take(&parts, &UInt32Array::from_iter_values(order), None)?);
        }
        Ok(TableRows { parents, columns: made })
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Array, AsArray, Int32Array, Int64Array};
    use datafusion::arrow::datatypes::Int64Type;

    use super::*;

    #[test]
    fn values_fill_rows() {
        let arguments: Vec<ArrayRef> = vec![
            Arc::new(Int32Array::from(vec![2, 2])),
            Arc::new(Int64Array::from(vec![1, 10])),
            Arc::new(Int64Array::from(vec![2, 20])),
            Arc::new(Int64Array::from(vec![3, 30])),
        ];
        let fields: Vec<FieldRef> =
            arguments.iter().map(|array| Arc::new(Field::new("v", array.data_type().clone(), true))).collect();
        let two = ScalarValue::Int32(Some(2));
        let call = TableCall { fields: &fields, literals: &[Some(&two), None, None, None] };
        let columns = Stack.columns(&call).unwrap();
        assert_eq!(columns.len(), 2);
        let rows = Stack.run(&arguments, 2, &columns).unwrap();
        assert_eq!(rows.parents.values(), &[0, 0, 1, 1]);
        let column = |index: usize| rows.columns[index].as_primitive::<Int64Type>().iter().collect::<Vec<_>>();
        assert_eq!(column(0), [Some(1), Some(3), Some(10), Some(30)]);
        assert_eq!(column(1), [Some(2), None, Some(20), None]);
        let open = TableCall { fields: &fields, literals: &[None, None, None, None] };
        assert!(Stack.columns(&open).unwrap_err().to_string().contains("literal"));
    }
}
