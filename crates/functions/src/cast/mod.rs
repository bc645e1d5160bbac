//! Casts that PostgreSQL does otherwise than Arrow: text is read as bytea, uuid or an array, and numbers become whole numbers
//! by rounding.
//!
//! [`function`] gives what a cast of a column calls; [`read_literal`] reads a literal while its statement is planned.

mod array;
mod bytea;
mod kernel;
mod whole;

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

/// What `CAST(x AS target)` calls for an `x` of the type `from`; `None` where Arrow's cast does as PostgreSQL's.
///
/// A NULL stays one. A text that is no value of the type is an error (22P02), a number outside of its range one too (22003).
pub fn function(from: &DataType, target: &FieldRef) -> Option<ScalarUDF> {
    kernel::is_ours(from, target.data_type()).then(|| {
        let signature = Signature::any(1, Volatility::Immutable);
        ScalarUDF::from(Cast { target: Arc::clone(target), signature })
    })
}

/// A literal of a type that is not known yet, as a value of `target`. Of an array the type says what its elements are: it
/// has as many dimensions as the text has.
pub fn read_literal(text: &str, target: &DataType) -> Result<ScalarValue> {
    if let DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) = target {
        return array::read_literal(text, target);
    }
    let column: ArrayRef = Arc::new(StringArray::from(vec![text]));
    ScalarValue::try_from_array(&kernel::cast(&column, target)?, 0)
}

/// One cast. Only the rules that plan casts call it.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Cast {
    target: FieldRef,
    signature: Signature,
}

impl ScalarUDFImpl for Cast {
    fn name(&self) -> &str {
        "cast_as_postgres"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.target.data_type().clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        let field = Field::new(self.name(), self.target.data_type().clone(), nullable);
        Ok(Arc::new(field.with_metadata(self.target.metadata().clone())))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let target = self.target.data_type();
        match args.args.as_slice() {
            [ColumnarValue::Array(values)] => Ok(ColumnarValue::Array(kernel::cast(values, target)?)),
            [ColumnarValue::Scalar(value)] => {
                let values = kernel::cast(&value.to_array()?, target)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&values, 0)?))
            }
            _ => Err(DataFusionError::Internal(format!("{} takes one argument", self.name()))),
        }
    }
}
