//! PREDICT_PROBA: how probable a model thinks each class.

use std::sync::{Arc, LazyLock};

use datafusion::logical_expr::{Documentation, ScalarUDF};

use super::SECTION;
use super::score::{Question, Score};
use crate::context::FunctionContext;

/// `predict_proba(model, inputs…)`
pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    Score::function(context, "predict_proba", Question::Probabilities, &DOCUMENTATION)
}

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        SECTION,
        "The probability of each class for a row, as a FLOAT array in the order of MODEL_CLASSES. NULL where the model or \
         an input is NULL. A model that predicts numbers has no classes and is refused.",
        "PREDICT_PROBA(model, input [, input …])",
    )
    .with_sql_example(
        "```sql\nSELECT id, PREDICT_PROBA('digits', IMAGE_RESIZE(IMAGE_DECODE(png), 28, 28)) FROM scans;\n```",
    )
    .with_argument("model", "A model's name as a literal, or a MODEL value, which may differ from row to row.")
    .with_argument("input", "What the model was trained on, in the same order: an image or array, or one number a column.")
    .with_related_udf("model_classes")
    .build()
});
