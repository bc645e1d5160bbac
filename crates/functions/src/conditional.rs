//! coalesce, greatest and least: DataFusion's, but a literal of no type beside a value of any type is planned. What type the
//! literal takes is settled by the analyzer; until then the result has the type of the value.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::functions::core;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::types::is_text;

/// The functions, in alphabetical order.
pub(crate) fn functions() -> Vec<ScalarUDF> {
    [core::coalesce(), core::greatest(), core::least()]
        .map(|inner| Conditional { inner, signature: Signature::user_defined(Volatility::Immutable) }.into())
        .to_vec()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Conditional {
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

impl ScalarUDFImpl for Conditional {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(given).or_else(|error| {
            let known = given.iter().find(|data_type| !is_text(data_type) && !data_type.is_null());
            let others = || given.iter().filter(|data_type| !is_text(data_type) && !data_type.is_null());
            match known {
                Some(known) if others().all(|other| other == known) => Ok(vec![known.clone(); given.len()]),
                _ => Err(error),
            }
        })
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.inner.return_type(given)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        self.inner.simplify(args, info)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.inner.invoke_with_args(args)
    }

    fn conditional_arguments<'a>(&self, args: &'a [Expr]) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        self.inner.conditional_arguments(args)
    }

    fn short_circuits(&self) -> bool {
        self.inner.short_circuits()
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}
