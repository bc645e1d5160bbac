//! RegexSerDe: each column is a group of a regular expression that matches the whole line; reading only.

use datafusion::arrow::datatypes::{DataType, Schema};
use mead_common::{Diagnostic, sqlstate};
use regex::{Regex, RegexBuilder};

use super::builder::{Builder, Reading};
use super::format::TableFormat;
use crate::Error;

#[derive(Debug, Clone)]
pub(super) struct RegexSerde {
    pattern: Regex,
}

impl RegexSerde {
    pub fn new(format: &TableFormat, columns: &Schema) -> Result<Self, Error> {
        let Some(text) = format.get("input.regex") else {
            return Err(Diagnostic::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                "serde property \"input.regex\" must be set for RegexSerDe",
            )
            .into());
        };
        let ignores_case = format.get("input.regex.case.insensitive").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let pattern = RegexBuilder::new(&format!("^(?:{text})$")).case_insensitive(ignores_case).build();
        let pattern = pattern.map_err(|error| {
            Diagnostic::new(
                sqlstate::INVALID_REGULAR_EXPRESSION,
                "serde property \"input.regex\" is not a regular expression that is supported",
            )
            .with_detail(error.to_string())
        })?;
        if pattern.captures_len() - 1 != columns.fields().len() {
            return Err(Diagnostic::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!(
                    "serde property \"input.regex\" has {} groups, the table has {} columns",
                    pattern.captures_len() - 1,
                    columns.fields().len()
                ),
            )
            .into());
        }
        if let Some(field) = columns
            .fields()
            .iter()
            .find(|field| field.data_type().is_nested() || *field.data_type() == DataType::Binary)
        {
            return Err(Diagnostic::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!(
                    "RegexSerDe has no values for column \"{}\" of type {}",
                    field.name(),
                    super::hive_type_name(field)
                ),
            )
            .into());
        }
        Ok(Self { pattern })
    }

    pub fn read_line(&self, line: &[u8], places: &[usize], builders: &mut [Builder]) {
        let line = String::from_utf8_lossy(line);
        let groups = self.pattern.captures(&line);
        for (place, builder) in places.iter().zip(builders) {
            match groups.as_ref().and_then(|groups| groups.get(place + 1)) {
                Some(text) => builder.text(text.as_str(), Reading::default()),
                None => builder.null(),
            }
        }
    }
}
