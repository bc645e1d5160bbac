//! `json_tuple(json, name, …)`: members of an object, as columns.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Documentation;

use super::{SECTION, TableCall, TableFunction, TableRows, repeated};
use crate::hive::convert::text;
use crate::hive::json::Json;

#[derive(Debug)]
pub(super) struct JsonTuple;

impl TableFunction for JsonTuple {
    fn name(&self) -> &'static str {
        "json_tuple"
    }

    fn documentation(&self) -> Documentation {
        Documentation::builder(
            SECTION,
            "A row of the members of an object; text as it is, all else as JSON.",
            "json_tuple(json, name [, ...])",
        )
        .with_argument("json", "JSON. Of what is no object all columns are NULL.")
        .with_argument("name", "A member's name; its value becomes the column `c0`, the next one's `c1`, and so on.")
        .build()
    }

    fn columns(&self, call: &TableCall) -> Result<Vec<FieldRef>> {
        if call.fields.len() < 2 || call.fields.iter().any(|field| field.data_type().is_nested()) {
            return Err(call.refuse(self));
        }
        let column = |place: usize| Arc::new(Field::new(format!("c{place}"), DataType::Utf8, true));
        Ok((0..call.fields.len() - 1).map(column).collect())
    }

    fn run(&self, arguments: &[ArrayRef], rows: usize, _: &[FieldRef]) -> Result<TableRows> {
        let Some((json, names)) = arguments.split_first() else {
            return Err(DataFusionError::Internal("json_tuple without an argument".to_owned()));
        };
        let json = text::texts(json, &chrono_tz::UTC)?;
        let names = names.iter().map(|names| text::texts(names, &chrono_tz::UTC)).collect::<Result<Vec<_>>>()?;
        let mut columns: Vec<StringBuilder> = names.iter().map(|_| StringBuilder::new()).collect();
        for row in 0..rows {
            let object = json.is_valid(row).then(|| Json::parse(json.value(row))).flatten();
            for (names, column) in names.iter().zip(&mut columns) {
                let name = names.is_valid(row).then(|| names.value(row));
                let member = object.as_ref().zip(name).and_then(|(object, name)| object.member(name));
                column.append_option(member.and_then(Json::plain));
            }
        }
        let columns = columns.into_iter().map(|mut column| Arc::new(column.finish()) as ArrayRef).collect();
        Ok(TableRows { parents: repeated(std::iter::repeat_n(1, rows))?, columns })
    }
}
