//! PREDICT: what a model says of a row, in the type its label had.

use std::sync::{Arc, LazyLock};

use datafusion::logical_expr::{Documentation, ScalarUDF};

use super::SECTION;
use super::score::{Question, Score};
use crate::context::FunctionContext;

/// `predict(model, inputs…)`
pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    Score::function(context, "predict", Question::Label, &DOCUMENTATION)
}

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        SECTION,
        "The class or the number that a model predicts for a row, typed as the label it was trained with. NULL where the \
         model or an input is NULL.",
        "PREDICT(model, input [, input …])",
    )
    .with_sql_example(
        "```sql\nSELECT label, PREDICT('digits', image) FROM digits_test;\n\
         SELECT PREDICT(r.model, s.price, s.promo) FROM sales s JOIN per_region r USING (region);\n```",
    )
    .with_argument(
        "model",
        "A model's name as a literal, or a MODEL value, which may differ from row to row. Models whose field does not \
         say what they predict give text.",
    )
    .with_argument("input", "What the model was trained on, in the same order: an image or array, or one number a column.")
    .with_related_udf("predict_proba")
    .build()
});
