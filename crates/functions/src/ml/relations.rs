//! The documentation of the functions that stand in FROM, which the engine plans.

use datafusion::logical_expr::Documentation;

use super::SECTION;

/// Their names and documentation, in alphabetical order.
pub(crate) fn relations() -> Vec<(&'static str, Documentation)> {
    vec![
        ("ml_confusion_matrix", ml_confusion_matrix()),
        ("ml_evaluate", ml_evaluate()),
        ("predict over a table", predict()),
    ]
}

fn ml_confusion_matrix() -> Documentation {
    Documentation::builder(
        SECTION,
        "How often each class was predicted for each label: one row for each pair that occurs, in the columns \
         label, predicted and rows, ordered by label and prediction.",
        "SELECT * FROM ML_CONFUSION_MATRIX('model', TABLE name)",
    )
    .with_alternative_syntax("SELECT * FROM ML_CONFUSION_MATRIX('model', (SELECT …))")
    .with_argument("model", "The name of a model that predicts classes.")
    .with_argument("rows", "A table or a query with the columns that the model was trained on and with the label.")
    .with_related_udf("ml_evaluate")
    .build()
}

fn ml_evaluate() -> Documentation {
    Documentation::builder(
        SECTION,
        "Compares a model's predictions with the labels of rows it has not seen, in one row of metrics: for classes \
         accuracy, precision, recall and f1 (means over the classes), log_loss and, for two classes, roc_auc; for numbers \
         mse, rmse, mae and r2. Rows in which the label or an input is NULL are not counted.",
        "SELECT * FROM ML_EVALUATE('model', TABLE name)",
    )
    .with_alternative_syntax("SELECT * FROM ML_EVALUATE('model', (SELECT …))")
    .with_argument("model", "A model's name.")
    .with_argument("rows", "A table or a query with the columns that the model was trained on and with the label.")
    .with_related_udf("ml_confusion_matrix")
    .build()
}

fn predict() -> Documentation {
    Documentation::builder(
        SECTION,
        "All columns of a relation, the model's prediction in predicted_<label> and, for classes, the probabilities in \
         predicted_<label>_probs. The inputs are found by the names they had in training.",
        "SELECT * FROM PREDICT(MODEL name, TABLE name)",
    )
    .with_alternative_syntax("SELECT * FROM PREDICT(MODEL name, (SELECT …))")
    .with_argument("model", "A model's name.")
    .with_argument("rows", "A table or a query with the columns that the model was trained on.")
    .with_related_udf("ml_evaluate")
    .build()
}
