//! `parse_url_tuple(url, part, …)`: parts of a URL, as columns.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Documentation;

use super::{SECTION, TableCall, TableFunction, TableRows, repeated};
use crate::hive::convert::text;
use crate::hive::other::url_part;

#[derive(Debug)]
pub(super) struct ParseUrlTuple;

impl TableFunction for ParseUrlTuple {
    fn name(&self) -> &'static str {
        "parse_url_tuple"
    }

    fn documentation(&self) -> Documentation {
        Documentation::builder(SECTION, "A row of the parts of a URL.", "parse_url_tuple(url, part [, ...])")
            .with_argument("url", "A URL.")
            .with_argument(
                "part",
                "A part as parse_url has it, or `QUERY:key`; it becomes the column `c0`, the next one `c1`, and so on.",
            )
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
        let Some((urls, parts)) = arguments.split_first() else {
            return Err(DataFusionError::Internal("parse_url_tuple without an argument".to_owned()));
        };
        let urls = text::texts(urls, &chrono_tz::UTC)?;
        let column = |parts: &ArrayRef| -> Result<ArrayRef> {
            let parts = text::texts(parts, &chrono_tz::UTC)?;
            let mut column = StringBuilder::new();
            for row in 0..rows {
                let given = urls.is_valid(row) && parts.is_valid(row);
                column.append_option(given.then(|| url_part(urls.value(row), parts.value(row))).flatten());
            }
            Ok(Arc::new(column.finish()))
        };
        let columns = parts.iter().map(column).collect::<Result<_>>()?;
        Ok(TableRows { parents: repeated(std::iter::repeat_n(1, rows))?, columns })
    }
}
