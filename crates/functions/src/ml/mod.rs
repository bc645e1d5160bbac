//! Asking models: predictions, probabilities, classes, metrics.

mod evaluate;
mod model_argument;
mod model_classes;
mod predict;
mod predict_proba;
mod relations;
mod rows;
mod score;

use std::sync::Arc;

use datafusion::logical_expr::{DocSection, Expr, ScalarUDF};

use crate::context::FunctionContext;

pub use evaluate::evaluation;
pub(crate) use relations::relations;
pub use score::scored_by;

/// The section of the reference in which these functions stand.
pub(crate) const SECTION: DocSection = DocSection {
    include: true,
    label: "Model functions",
    description: Some(
        "A model is given by its name, as a literal ('digits', 'sales.digits', 'digits@2' for version 2), or as a value of \
         type MODEL. A name is resolved once for a statement, which goes on with that version until it ends.",
    ),
};

/// The family's scalar functions, in alphabetical order.
pub(crate) fn functions(context: &Arc<FunctionContext>) -> Vec<ScalarUDF> {
    vec![model_classes::ModelClasses::new(context).into(), predict::function(context), predict_proba::function(context)]
}

/// The model that a call of one of these functions names, for the check of privileges; `None` for other expressions and
/// for MODEL values.
pub fn referenced_model(expression: &Expr) -> Option<&str> {
    let Expr::ScalarFunction(call) = expression else { return None };
    if !["model_classes", "predict", "predict_proba"].contains(&call.func.name()) {
        return None;
    }
    match call.args.first()? {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}
