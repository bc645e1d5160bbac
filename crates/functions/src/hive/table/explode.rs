//! `explode(array or map)`, `posexplode(array or map)`: a row for each element or entry.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Array, UInt32Array};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Documentation;

use super::{SECTION, TableCall, TableFunction, TableRows, repeated};

#[derive(Debug)]
pub(super) struct Explode {
    pub positions: bool,
}

impl TableFunction for Explode {
    fn name(&self) -> &'static str {
        if self.positions { "posexplode" } else { "explode" }
    }

    fn documentation(&self) -> Documentation {
        let (description, syntax) = match self.positions {
            true => {
                ("A row for each element of an array or entry of a map, with its position from 0.", "posexplode(value)")
            }
            false => ("A row for each element of an array or entry of a map.", "explode(value)"),
        };
        Documentation::builder(SECTION, description, syntax)
            .with_argument("value", "An array, whose elements become the column `col`, or a map, whose entries become `key` and `value`. Of NULL there are no rows.")
            .build()
    }

    fn columns(&self, call: &TableCall) -> Result<Vec<FieldRef>> {
        let [argument] = call.fields else { return Err(call.refuse(self)) };
        let mut columns = Vec::new();
        if self.positions {
            columns.push(Arc::new(Field::new("pos", DataType::Int32, true)));
        }
        match argument.data_type() {
            DataType::Null => columns.push(Arc::new(Field::new("col", DataType::Null, true))),
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                columns.push(Arc::new(item.as_ref().clone().with_name("col").with_nullable(true)));
            }
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => {
                    for (field, name) in fields.iter().zip(["key", "value"]) {
                        columns.push(Arc::new(field.as_ref().clone().with_name(name).with_nullable(true)));
                    }
                }
                _ => return Err(call.refuse(self)),
            },
            _ => return Err(call.refuse(self)),
        }
        Ok(columns)
    }

    fn run(&self, arguments: &[ArrayRef], rows: usize, _: &[FieldRef]) -> Result<TableRows> {
        let [argument] = arguments else {
            return Err(DataFusionError::Internal(format!("{} without an argument", self.name())));
        };
        let argument = match argument.data_type() {
            DataType::FixedSizeList(item, _) => &cast(argument, &DataType::List(Arc::clone(item)))?,
            _ => argument,
        };
        let (offsets, values): (Vec<usize>, Vec<ArrayRef>) = match argument.data_type() {
            DataType::Null => (vec![0; rows + 1], vec![argument.slice(0, 0)]),
            DataType::Map(..) => {
                let maps = argument.as_map();
                let offsets = maps.offsets().iter().map(|offset| *offset as usize).collect();
                (offsets, vec![Arc::clone(maps.keys()), Arc::clone(maps.values())])
            }
            DataType::List(_) => {
                let lists = argument.as_list::<i32>();
                (lists.offsets().iter().map(|offset| *offset as usize).collect(), vec![Arc::clone(lists.values())])
            }
            DataType::LargeList(_) => {
                let lists = argument.as_list::<i64>();
                (lists.offsets().iter().map(|offset| *offset as usize).collect(), vec![Arc::clone(lists.values())])
            }
            other => return Err(DataFusionError::Internal(format!("{} of {other}", self.name()))),
        };
        let count = |row: usize| if argument.is_valid(row) { offsets[row + 1] - offsets[row] } else { 0 };
        let parents = repeated((0..rows).map(count))?;
        // NULLs may hide values, so these are taken one by one.
        let mut from = Vec::with_capacity(parents.len());
        let mut positions = Vec::with_capacity(if self.positions { parents.len() } else { 0 });
        for (row, first) in offsets.iter().take(rows).enumerate() {
            for index in 0..count(row) {
                from.push((first + index) as u32);
                if self.positions {
                    positions.push(index as i32);
                }
            }
        }
        let from = UInt32Array::from(from);
        let mut made: Vec<ArrayRef> = Vec::new();
        if self.positions {
            made.push(Arc::new(Int32Array::from(positions)));
        }
        for values in values {
            made.push(take(&values, &from, None)?);
        }
        Ok(TableRows { parents, columns: made })
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{ListArray, MapBuilder, NullArray, StringArray, StringBuilder};
    use datafusion::arrow::datatypes::Int32Type;

    use super::*;

    fn run(positions: bool, argument: ArrayRef) -> (Vec<u32>, Vec<ArrayRef>) {
        let function = Explode { positions };
        let field = Arc::new(Field::new("a", argument.data_type().clone(), true));
        let columns = function.columns(&TableCall { fields: &[field], literals: &[None] }).unwrap();
        let rows = argument.len();
        let rows = function.run(&[argument], rows, &columns).unwrap();
        for (made, column) in rows.columns.iter().zip(&columns) {
            assert_eq!(made.data_type(), column.data_type());
        }
        (rows.parents.values().to_vec(), rows.columns)
    }

    #[test]
    fn each_element_is_a_row() {
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![
            Some(vec![Some(1), None]),
            None,
            Some(vec![]),
            Some(vec![Some(3)]),
        ]);
        let (parents, columns) = run(true, Arc::new(lists.clone()));
        assert_eq!(parents, [0, 0, 3]);
        assert_eq!(columns[0].as_primitive::<Int32Type>().values(), &[0, 1, 0]);
        let values: Vec<_> = columns[1].as_primitive::<Int32Type>().iter().collect();
        assert_eq!(values, [Some(1), None, Some(3)]);
        let (parents, columns) = run(false, Arc::new(lists.slice(2, 2)));
        assert_eq!(parents, [1]);
        assert_eq!(columns[0].as_primitive::<Int32Type>().values(), &[3]);
    }

    #[test]
    fn each_entry_is_a_row() {
        let mut maps = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        for (key, value) in [("a", Some("1")), ("b", None)] {
            maps.keys().append_value(key);
            maps.values().append_option(value);
        }
        maps.append(true).unwrap();
        maps.append(false).unwrap();
        let (parents, columns) = run(false, Arc::new(maps.finish()));
        assert_eq!(parents, [0, 0]);
        assert_eq!(columns[0].as_string::<i32>(), &StringArray::from(vec!["a", "b"]));
        assert_eq!(columns[1].as_string::<i32>(), &StringArray::from(vec![Some("1"), None]));
    }

    #[test]
    fn nothing_is_no_rows_and_a_number_is_refused() {
        assert!(run(false, Arc::new(NullArray::new(2))).0.is_empty());
        let field = Arc::new(Field::new("a", DataType::Int32, true));
        let call = TableCall { fields: &[field], literals: &[None] };
        assert!(Explode { positions: false }.columns(&call).unwrap_err().to_string().contains("does not exist"));
    }
}
