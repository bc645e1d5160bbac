//! What a model may be trained to predict.

use datafusion::arrow::datatypes::DataType;

use crate::types;

/// The type that the model's predictions will have; `None` for a type that is no label.
pub(super) fn predicted_type(label: &DataType) -> Option<DataType> {
    match label {
        DataType::Dictionary(_, values) => predicted_type(values),
        // Models are trained on labels as Arrow has them; text is text in all its layouts.
        other if types::is_text(other) => Some(DataType::Utf8),
        other if other.is_integer() || matches!(other, DataType::Boolean | DataType::Float32 | DataType::Float64) => {
            Some(other.clone())
        }
        DataType::Float16 => Some(DataType::Float32),
        other if other.is_decimal() => Some(DataType::Float64),
        _ => None,
    }
}

/// `classification` where the type leaves no doubt: numbers with a fraction may be either, by the loss.
pub(super) fn task(predicted: &DataType) -> Option<&'static str> {
    if predicted.is_floating() { None } else { Some("classification") }
}
