//! What ML_EVALUATE computes: an aggregate over labels and inputs that scores rows where they are, in every partition,
//! and joins what it counted.

use std::fmt;
use std::mem::size_of_val;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StructArray};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;
use mead_common::Diagnostic;

use super::model_argument::Pinned;
use super::score::{selected, whole_rows};
use crate::arguments;
use crate::context::FunctionContext;
use crate::error::{Error, external};
use crate::model::Evaluator;
use crate::{tensor, types};

const NAME: &str = "ml_evaluate";

/// The aggregate `(label, inputs…) → record of metrics` of one model, which it keeps. The engine puts it into the plan of
/// `ML_EVALUATE('model', …)`; its metrics are settled by the model, so it cannot be called by name.
pub fn evaluation(context: &Arc<FunctionContext>, model: &str) -> Result<AggregateUDF, Diagnostic> {
    let model = context.model(model)?;
    let metrics = model.evaluation()?.names();
    Ok(Evaluate {
        context: Arc::clone(context),
        signature: arguments::signature(&[], Volatility::Stable),
        metrics,
        model: Pinned(model),
    }
    .into())
}

struct Evaluate {
    context: Arc<FunctionContext>,
    signature: Signature,
    metrics: Vec<String>,
    model: Pinned,
}

impl fmt::Debug for Evaluate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluate").field("model", &self.model).finish_non_exhaustive()
    }
}

impl PartialEq for Evaluate {
    fn eq(&self, other: &Self) -> bool {
        self.model == other.model
    }
}

impl Eq for Evaluate {}

impl std::hash::Hash for Evaluate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.model.hash(state);
    }
}

impl AggregateUDFImpl for Evaluate {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(arg_types.to_vec())
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(self.fields()))
    }

    fn return_field(&self, arg_fields: &[FieldRef]) -> Result<FieldRef> {
        if arg_fields.len() < 2 {
            let given = arg_fields.iter().map(|field| types::sql_name(field)).collect::<Vec<_>>().join(", ");
            return Err(
                Error::WrongCall { function: NAME, given, syntax: "ML_EVALUATE('model', TABLE t)".to_owned() }.into()
            );
        }
        Ok(Arc::new(Field::new(NAME, DataType::Struct(self.fields()), false)))
    }

    fn is_nullable(&self) -> bool {
        false
    }

    fn default_value(&self, _data_type: &DataType) -> Result<ScalarValue> {
        let mut evaluator = self.model.0.evaluation().map_err(external)?;
        record(evaluator.as_mut(), &self.metrics)
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Metrics {
            context: Arc::clone(&self.context),
            metrics: self.metrics.clone(),
            evaluator: self.model.0.evaluation().map_err(external)?,
        }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, "counts"), DataType::Binary, true))])
    }
}

impl Evaluate {
    fn fields(&self) -> Fields {
        fields(&self.metrics)
    }
}

fn fields(metrics: &[String]) -> Fields {
    metrics.iter().map(|name| Field::new(name, DataType::Float64, true)).collect()
}

fn record(evaluator: &mut dyn Evaluator, metrics: &[String]) -> Result<ScalarValue> {
    let values = evaluator.finish().map_err(external)?;
    let columns = values.into_iter().map(|value| ScalarValue::Float64(value).to_array()).collect::<Result<Vec<_>>>()?;
    Ok(ScalarValue::Struct(Arc::new(StructArray::try_new(fields(metrics), columns, None)?)))
}

#[derive(Debug)]
struct Metrics {
    context: Arc<FunctionContext>,
    metrics: Vec<String>,
    evaluator: Box<dyn Evaluator>,
}

impl Accumulator for Metrics {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(rows) = values.first().map(|labels| labels.len()) else { return Ok(()) };
        let columns = values.iter().map(tensor::flatten).collect::<Result<Vec<_>>>()?;
        let whole = whole_rows((0..rows as u32).collect(), &columns);
        if whole.is_empty() {
            return Ok(());
        }
        let columns = columns.iter().map(|column| selected(column, &whole)).collect::<Result<Vec<_>>>()?;
        let cancel = self.context.session.cancel();
        cancel.check().map_err(external)?;
        self.evaluator.update(&columns[0], &columns[1..], &cancel).map_err(external)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        record(self.evaluator.as_mut(), &self.metrics)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.evaluator.memory_bytes()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.evaluator.state().map_err(external)?))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(states) = states.first() else { return Ok(()) };
        for state in states.as_binary::<i32>().iter().flatten() {
            self.evaluator.merge(state).map_err(external)?;
        }
        Ok(())
    }
}
