//! `inline(array of structs)`: a row for each struct, a column for each of its fields.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, FieldRef, Fields};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Documentation;

use super::explode::Explode;
use super::{SECTION, TableCall, TableFunction, TableRows};

#[derive(Debug)]
pub(super) struct Inline;

fn fields(argument: &DataType) -> Option<&Fields> {
    match argument {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => match item.data_type() {
            DataType::Struct(fields) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

impl TableFunction for Inline {
    fn name(&self) -> &'static str {
        "inline"
    }

    fn documentation(&self) -> Documentation {
        Documentation::builder(
            SECTION,
            "A row for each struct of an array, a column for each of its fields.",
            "inline(array)",
        )
        .with_argument("array", "An array of structs. Of NULL there are no rows.")
        .build()
    }

    fn columns(&self, call: &TableCall) -> Result<Vec<FieldRef>> {
        let [argument] = call.fields else { return Err(call.refuse(self)) };
        let Some(fields) = fields(argument.data_type()) else { return Err(call.refuse(self)) };
        Ok(fields.iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(true))).collect())
    }

    fn run(&self, arguments: &[ArrayRef], rows: usize, columns: &[FieldRef]) -> Result<TableRows> {
        let structs = Explode { positions: false }.run(arguments, rows, columns)?;
        let Some(values) = structs.columns.first() else {
            return Err(DataFusionError::Internal("inline without an argument".to_owned()));
        };
        // A struct that is NULL has fields that are NULL.
        let values = values.as_struct();
        let (_, fields, nulls) = values.clone().into_parts();
        let columns = fields.into_iter().map(|field| match &nulls {
            None => Ok(field),
            Some(nulls) => {
                let missing = datafusion::arrow::array::BooleanArray::new(!nulls.inner(), None);
                datafusion::arrow::compute::nullif(&field, &missing)
            }
        });
        Ok(TableRows { parents: structs.parents, columns: columns.collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Array, Int32Array, ListArray, StringArray, StructArray};
    use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
    use datafusion::arrow::datatypes::{Field, Int32Type};

    use super::*;

    #[test]
    fn fields_are_columns() {
        let fields = Fields::from(vec![Field::new("n", DataType::Int32, true), Field::new("s", DataType::Utf8, true)]);
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int32Array::from(vec![1, 2, 3])), Arc::new(StringArray::from(vec!["a", "b", "c"]))];
        let structs = StructArray::new(fields.clone(), columns, Some(NullBuffer::from(vec![true, false, true])));
        let item = Arc::new(Field::new_list_field(DataType::Struct(fields), true));
        let lists = ListArray::new(item, OffsetBuffer::new(vec![0, 2, 2, 3].into()), Arc::new(structs), None);
        let field = Arc::new(Field::new("x", lists.data_type().clone(), true));
        let columns = Inline.columns(&TableCall { fields: &[field], literals: &[None] }).unwrap();
        assert_eq!(columns.iter().map(|column| column.name().as_str()).collect::<Vec<_>>(), ["n", "s"]);
        let rows = Inline.run(&[Arc::new(lists)], 3, &columns).unwrap();
        assert_eq!(rows.parents.values(), &[0, 0, 2]);
        let numbers: Vec<_> = rows.columns[0].as_primitive::<Int32Type>().iter().collect();
        assert_eq!(numbers, [Some(1), None, Some(3)]);
        let texts: Vec<_> = rows.columns[1].as_string::<i32>().iter().collect();
        assert_eq!(texts, [Some("a"), None, Some("c")]);
    }
}
