//! MODEL_CLASSES: the classes a model knows, in the order of its probabilities.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, ListArray, new_null_array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{cast, concat};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

use super::SECTION;
use super::model_argument::ModelArgument;
use super::rows;
use crate::arguments::{self, wrong_call};
use crate::context::FunctionContext;
use crate::error::external;
use crate::model::Scorer;

/// `model_classes(model)`
#[derive(Debug)]
pub(super) struct ModelClasses {
    context: Arc<FunctionContext>,
    signature: Signature,
}

impl ModelClasses {
    pub fn new(context: &Arc<FunctionContext>) -> Self {
        Self { context: Arc::clone(context), signature: arguments::signature(&["model"], Volatility::Stable) }
    }
}

impl PartialEq for ModelClasses {
    fn eq(&self, other: &Self) -> bool {
        self.signature == other.signature
    }
}

impl Eq for ModelClasses {}

impl std::hash::Hash for ModelClasses {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.signature.hash(state);
    }
}

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(
        SECTION,
        "The classes of a model in the order of PREDICT_PROBA, as an array typed as the label. NULL for a model that \
         predicts numbers.",
        "MODEL_CLASSES(model)",
    )
    .with_sql_example("```sql\nSELECT UNNEST(MODEL_CLASSES('digits')) AS class;\n```")
    .with_argument("model", "A model's name as a literal, or a MODEL value.")
    .with_related_udf("predict_proba")
    .build()
});

impl ScalarUDFImpl for ModelClasses {
    fn name(&self) -> &str {
        "model_classes"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        datafusion::common::internal_err!("model_classes: return_type instead of return_field_from_args")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [field] = args.arg_fields else {
            return Err(wrong_call("model_classes", args.arg_fields, self.documentation()).into());
        };
        let literal = args.scalar_arguments.first().copied().flatten();
        let class_type = match ModelArgument::plan(&self.context, "model_classes", field, literal, None)? {
            ModelArgument::Named(model) => model.label_type(),
            ModelArgument::Value(label_type) => label_type.unwrap_or(DataType::Utf8),
            ModelArgument::Unknown => DataType::Utf8,
        };
        Ok(Arc::new(Field::new(self.name(), DataType::new_list(class_type, true), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let DataType::List(item) = args.return_field.data_type() else {
            return datafusion::common::internal_err!("model_classes without an array type");
        };
        match &args.args[0] {
            ColumnarValue::Scalar(value) if value.is_null() => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_new_null(args.return_field.data_type())?))
            }
            ColumnarValue::Scalar(value) => {
                let model = match value.try_as_str().flatten() {
                    Some(name) => Some(self.context.model(name).map_err(external)?),
                    None => {
                        rows::group(&self.context, &value.to_array()?).map_err(external)?.pop().map(|group| group.model)
                    }
                };
                let list = lists(&[model], item)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&list, 0)?))
            }
            ColumnarValue::Array(models) => {
                let mut by_row: Vec<Option<Arc<dyn Scorer>>> = vec![None; models.len()];
                for group in rows::group(&self.context, models).map_err(external)? {
                    for row in group.rows {
                        by_row[row as usize] = Some(Arc::clone(&group.model));
                    }
                }
                Ok(ColumnarValue::Array(lists(&by_row, item)?))
            }
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&DOCUMENTATION)
    }
}

fn lists(models: &[Option<Arc<dyn Scorer>>], item: &FieldRef) -> Result<ArrayRef> {
    let mut classes = vec![];
    for model in models {
        classes.push(match model.as_ref().and_then(|model| model.classes()) {
            Some(classes) => Some(cast(&classes, item.data_type())?),
            None => None,
        });
    }
    let present: Vec<&dyn Array> = classes.iter().flatten().map(AsRef::as_ref).collect();
    let values = if present.is_empty() { new_null_array(item.data_type(), 0) } else { concat(&present)? };
    let offsets =
        OffsetBuffer::from_lengths(classes.iter().map(|classes| classes.as_ref().map_or(0, |array| array.len())));
    let nulls: NullBuffer = classes.iter().map(Option::is_some).collect::<Vec<_>>().into();
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, Some(nulls))?))
}
