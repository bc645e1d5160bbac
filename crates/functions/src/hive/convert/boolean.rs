//! Values as booleans.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::Dialect;

use super::{number, text};
use crate::types::is_text;

/// Numbers are true unless they are 0. Text is true for Hive unless it is empty or says that it is false; Spark knows a list
/// of words, and all other text is NULL.
pub(crate) fn booleans(array: &ArrayRef, dialect: Dialect) -> Result<Vec<Option<bool>>> {
    match array.data_type() {
        DataType::Null => Ok(vec![None; array.len()]),
        DataType::Boolean => Ok(array.as_boolean().iter().collect()),
        other if is_text(other) => {
            let texts = text::texts(array, &chrono_tz::UTC)?;
            Ok(texts.iter().map(|text| text.and_then(|text| of_text(text, dialect))).collect())
        }
        _ => Ok(number::doubles(array)?.into_iter().map(|value| value.map(|value| value != 0.0)).collect()),
    }
}

fn of_text(text: &str, dialect: Dialect) -> Option<bool> {
    let word = text.trim().to_ascii_lowercase();
    match (dialect, word.as_str()) {
        (Dialect::Spark, "true" | "t" | "yes" | "y" | "1") => Some(true),
        (Dialect::Spark, "false" | "f" | "no" | "n" | "0") => Some(false),
        (Dialect::Spark, _) => None,
        (_, "" | "false" | "off" | "no" | "0") => Some(false),
        _ => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_the_dialect_says() {
        assert_eq!(of_text("x", Dialect::Hive), Some(true));
        assert_eq!(of_text("False", Dialect::Hive), Some(false));
        assert_eq!(of_text("x", Dialect::Spark), None);
        assert_eq!(of_text(" Y ", Dialect::Spark), Some(true));
    }
}
