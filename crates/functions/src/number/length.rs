//! length, octet_length and bit_length: of text as DataFusion's, of bytea the number of its bytes or bits.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int32Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::functions::{string, unicode};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, sqlstate};

use super::SECTION;
use crate::error::external;
use crate::types::{is_binary, is_text};

pub(super) fn functions() -> Vec<ScalarUDF> {
    [Unit::Bits, Unit::Characters, Unit::Octets]
        .map(|unit| Length { unit, signature: Signature::user_defined(Volatility::Immutable) }.into())
        .to_vec()
}

/// What is counted of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Bits,
    Characters,
    Octets,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Length {
    unit: Unit,
    signature: Signature,
}

impl Length {
    fn of_text(&self) -> Arc<ScalarUDF> {
        match self.unit {
            Unit::Bits => string::bit_length(),
            Unit::Characters => unicode::character_length(),
            Unit::Octets => string::octet_length(),
        }
    }

    fn of_bytes(&self, values: &ArrayRef) -> Result<ArrayRef> {
        let values = cast(values, &DataType::LargeBinary)?;
        let each = if self.unit == Unit::Bits { 8 } else { 1 };
        let length = |bytes: &[u8]| {
            let length = i32::try_from(bytes.len()).ok().and_then(|bytes| bytes.checked_mul(each));
            length
                .ok_or_else(|| external(Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range")))
        };
        let lengths = values.as_binary::<i64>().iter().map(|bytes| bytes.map(length).transpose());
        Ok(Arc::new(lengths.collect::<Result<Int32Array>>()?))
    }
}

impl ScalarUDFImpl for Length {
    fn name(&self) -> &str {
        match self.unit {
            Unit::Bits => "bit_length",
            Unit::Characters => "length",
            Unit::Octets => "octet_length",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(given
            .iter()
            .map(|given| if is_text(given) || is_binary(given) { given.clone() } else { DataType::Utf8 })
            .collect())
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        match given {
            [given] if is_binary(given) => Ok(DataType::Int32),
            [given] if is_text(given) => self.of_text().return_type(std::slice::from_ref(given)),
            _ => {
                let types: Vec<String> = given.iter().map(crate::types::type_name).collect();
                let message = format!("function {}({}) does not exist", self.name(), types.join(", "));
                Err(external(Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, message)))
            }
        }
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.first() {
            Some(ColumnarValue::Array(values)) if is_binary(values.data_type()) => {
                Ok(ColumnarValue::Array(self.of_bytes(values)?))
            }
            Some(ColumnarValue::Scalar(value)) if is_binary(&value.data_type()) => {
                let lengths = self.of_bytes(&value.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&lengths, 0)?))
            }
            _ => self.of_text().invoke_with_args(args),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(match self.unit {
            Unit::Bits => &BITS,
            Unit::Characters => &CHARACTERS,
            Unit::Octets => &OCTETS,
        })
    }
}

static BITS: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "The number of bits of a text in UTF-8, or of a bytea.", "bit_length(value)")
        .with_argument("value", "text or bytea.")
        .build()
});

static CHARACTERS: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "The number of characters of a text, or of bytes of a bytea.", "length(value)")
        .with_argument("value", "text or bytea.")
        .build()
});

static OCTETS: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "The number of bytes of a text in UTF-8, or of a bytea.", "octet_length(value)")
        .with_argument("value", "text or bytea.")
        .build()
});
