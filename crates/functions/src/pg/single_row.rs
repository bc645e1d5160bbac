//! single_row(record): the value of the one row that a subquery has which is used as an expression.

use std::sync::LazyLock;

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use mead_common::{Diagnostic, sqlstate};

use super::call::SECTION;
use crate::error::external;
use crate::types::type_name;

/// NULL of no row; 21000 of more than one.
pub fn single_row() -> ScalarUDF {
    // Volatile, so that it stays where the outer row asks: before the join it would see rows that nothing asks for.
    ScalarUDF::from(SingleRow { signature: Signature::any(1, Volatility::Volatile) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct SingleRow {
    signature: Signature,
}

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        SECTION,
        "The value in what single_value gave; NULL of no row. More rows than one are an error (21000), as in a subquery that \
         is used as an expression.",
        "single_row(record)",
    )
    .with_argument("record", "What single_value gave.")
    .build()
});

impl ScalarUDFImpl for SingleRow {
    fn name(&self) -> &str {
        "single_row"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        match arg_types {
            [DataType::Struct(fields)] if fields.len() == 2 && *fields[1].data_type() == DataType::Int64 => {
                Ok(fields[0].data_type().clone())
            }
            _ => {
                let given: Vec<String> = arg_types.iter().map(type_name).collect();
                Err(external(
                    Diagnostic::new(
                        sqlstate::UNDEFINED_FUNCTION,
                        format!("function single_row({}) does not exist", given.join(", ")),
                    )
                    .with_hint("its argument is what single_value gave"),
                ))
            }
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let array = args.args[0].to_array(args.number_rows)?;
        let records = array.as_struct();
        let rows = records.column(1).as_primitive::<Int64Type>();
        if (0..records.len()).any(|row| records.is_valid(row) && rows.is_valid(row) && rows.value(row) > 1) {
            return Err(external(Diagnostic::new(
                sqlstate::CARDINALITY_VIOLATION,
                "more than one row returned by a subquery used as an expression",
            )));
        }
        let nulls = datafusion::arrow::compute::is_null(&array)?;
        Ok(ColumnarValue::Array(datafusion::arrow::compute::nullif(records.column(0), &nulls)?))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}
