//! A TRAIN_… function as the planner sees it.

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, Signature, Volatility};
use mead_common::Diagnostic;

use super::label;
use crate::arguments::{self, wrong_call};
use crate::error::{Error, external};
use crate::types;

/// True for an aggregate that trains a model.
pub fn is_train(function: &AggregateUDF) -> bool {
    function.inner().downcast_ref::<Trainer>().is_some()
}

/// Checks the type of a feature; the error names what was expected.
pub(super) type FeatureCheck = fn(&DataType) -> Result<(), &'static str>;

/// A training function: the argument `feature`, a label, and a record of options where any were given.
#[derive(Debug)]
pub(super) struct Trainer {
    pub name: &'static str,
    pub feature: &'static str,
    pub check: FeatureCheck,
    pub documentation: &'static Documentation,
    signature: Signature,
}

impl Trainer {
    pub fn function(
        name: &'static str,
        feature: &'static str,
        check: FeatureCheck,
        documentation: &'static Documentation,
    ) -> AggregateUDF {
        // Volatile: a model is trained once for each call, never merged with another call's.
        let signature = arguments::signature(&[], Volatility::Volatile);
        Self { name, feature, check, documentation, signature }.into()
    }
}

impl PartialEq for Trainer {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Trainer {}

impl std::hash::Hash for Trainer {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl AggregateUDFImpl for Trainer {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::BinaryView)
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        let (feature, label) = match arg_fields {
            [feature, label] => (feature, label),
            [feature, label, options] if matches!(options.data_type(), DataType::Struct(_)) => (feature, label),
            _ => return Err(wrong_call(self.name, arg_fields, Some(self.documentation)).into()),
        };
        (self.check)(feature.data_type()).map_err(|expected| self.wrong_type(self.feature, expected, feature))?;
        let Some(predicted) = label::predicted_type(label.data_type()) else {
            return Err(self.wrong_type("label", "a whole number, a boolean, text or a number", label).into());
        };
        Ok(types::model_field(self.name, &predicted, label::task(&predicted)))
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Err(self.out_of_place())
    }

    fn create_sliding_accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Err(self.out_of_place())
    }

    fn state_fields(&self, _args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Err(self.out_of_place())
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(self.documentation)
    }
}

impl Trainer {
    fn wrong_type(&self, argument: &str, expected: &'static str, field: &FieldRef) -> Error {
        Error::ArgumentType {
            function: self.name,
            argument: argument.to_owned(),
            expected,
            given: types::sql_name(field),
        }
    }

    fn out_of_place(&self) -> datafusion::error::DataFusionError {
        external(
            Diagnostic::unsupported(format!("{} cannot be used here", self.name.to_uppercase())).with_hint(format!(
                "it stands in the SELECT list of a query, with GROUP BY or without: SELECT {}(…) FROM …; not in a window, \
                 not with DISTINCT and not beside other aggregates",
                self.name.to_uppercase()
            )),
        )
    }
}
