//! The first argument of the model functions: a name or a MODEL value.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;

use crate::arguments::is_parameter;
use crate::context::FunctionContext;
use crate::error::{Error, external};
use crate::model::Scorer;
use crate::types;

/// What the argument says about the model before rows are read.
pub(super) enum ModelArgument {
    /// A name, resolved.
    Named(Arc<dyn Scorer>),
    /// MODEL values that predict a type they declare.
    Value(Option<DataType>),
    /// NULL, or a parameter that has no value yet.
    Unknown,
}

impl ModelArgument {
    /// `pinned` is what the name was resolved to before.
    pub fn plan(
        context: &FunctionContext,
        function: &'static str,
        field: &FieldRef,
        literal: Option<&ScalarValue>,
        pinned: Option<&Pinned>,
    ) -> Result<Self> {
        if types::is_binary(field.data_type()) {
            return Ok(ModelArgument::Value(types::label_type(field)));
        }
        if field.data_type().is_null() {
            return Ok(ModelArgument::Unknown);
        }
        if !types::is_text(field.data_type()) {
            return Err(Error::ArgumentType {
                function,
                argument: "model".to_owned(),
                expected: "a model's name or a MODEL value",
                given: types::sql_name(field),
            }
            .into());
        }
        if let Some(pinned) = pinned {
            return Ok(ModelArgument::Named(Arc::clone(&pinned.0)));
        }
        match literal.map(ScalarValue::try_as_str) {
            Some(Some(Some(name))) => Ok(ModelArgument::Named(context.model(name).map_err(external)?)),
            Some(_) => Ok(ModelArgument::Unknown),
            None if is_parameter(field.name()) => Ok(ModelArgument::Unknown),
            None => Err(Error::NotLiteral { function, argument: "model".to_owned() }.into()),
        }
    }
}

/// A model that a plan keeps. Equal by content.
#[derive(Clone)]
pub(super) struct Pinned(pub Arc<dyn Scorer>);

impl PartialEq for Pinned {
    fn eq(&self, other: &Self) -> bool {
        self.0.hash() == other.0.hash()
    }
}

impl Eq for Pinned {}

impl std::hash::Hash for Pinned {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash().hash(state);
    }
}

impl std::fmt::Debug for Pinned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pinned").field(&self.0.hash()).finish()
    }
}
