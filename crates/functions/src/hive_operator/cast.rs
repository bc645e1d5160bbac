//! `CAST(x AS t)`: what cannot be read, or does not fit, becomes NULL; whole numbers wrap around, as Java's do.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use mead_common::Dialect;

use crate::hive::convert::convert;

/// How long a text may be: `varchar(n)`, and `char(n)`, which has no blanks at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Length {
    Varchar(usize),
    Char(usize),
}

/// The function that casts to a field's type; what else the field says of its values is kept.
pub fn hive_cast(target: &Field, length: Option<Length>, dialect: Dialect) -> ScalarUDF {
    let signature = Signature::any(1, Volatility::Immutable);
    let metadata = target.metadata().iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    ScalarUDF::from(HiveCast { target: target.data_type().clone(), metadata, length, dialect, signature })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct HiveCast {
    target: DataType,
    metadata: BTreeMap<String, String>,
    length: Option<Length>,
    dialect: Dialect,
    signature: Signature,
}

impl ScalarUDFImpl for HiveCast {
    fn name(&self) -> &str {
        "cast"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        let metadata = self.metadata.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        Ok(Arc::new(Field::new(self.name(), self.target.clone(), true).with_metadata(metadata)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = arguments.args.as_slice() else {
            return Err(DataFusionError::Internal("a cast takes one value".to_owned()));
        };
        let zone = arguments.config_options.execution.time_zone.as_deref().and_then(|name| name.parse().ok());
        let zone = zone.unwrap_or(chrono_tz::UTC);
        match argument {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(self.cast(array, &zone)?)),
            ColumnarValue::Scalar(value) => {
                let array = self.cast(&value.to_array()?, &zone)?;
                Ok(ColumnarValue::Scalar(datafusion::scalar::ScalarValue::try_from_array(&array, 0)?))
            }
        }
    }
}

impl HiveCast {
    fn cast(&self, array: &ArrayRef, zone: &Tz) -> Result<ArrayRef> {
        let cast = convert(array, &self.target, self.dialect, zone)?;
        match self.length {
            Some(length) => shorten(&cast, length, &self.target),
            None => Ok(cast),
        }
    }
}

fn shorten(array: &ArrayRef, length: Length, target: &DataType) -> Result<ArrayRef> {
    let texts = cast(array, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    let shortened: StringArray = texts.iter().map(|text| text.map(|text| short(text, length))).collect();
    Ok(cast(&(Arc::new(shortened) as ArrayRef), target)?)
}

fn short(text: &str, length: Length) -> &str {
    let first = |letters: usize| text.char_indices().nth(letters).map_or(text, |(end, _)| &text[..end]);
    match length {
        Length::Varchar(letters) => first(letters),
        Length::Char(letters) => first(letters).trim_end_matches(' '),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_its_length() {
        assert_eq!(short("straße", Length::Varchar(5)), "straß");
        assert_eq!(short("ab   ", Length::Char(4)), "ab");
        assert_eq!(short("ab ", Length::Varchar(9)), "ab ");
    }
}
