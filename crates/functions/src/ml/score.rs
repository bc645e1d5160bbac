//! What PREDICT and PREDICT_PROBA have in common: finding the model, scoring the rows that have no NULL.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, UInt32Array, new_null_array};
use datafusion::arrow::compute::{CastOptions, cast_with_options, interleave, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::scalar::ScalarValue;
use mead_common::{CancelFlag, Diagnostic, sqlstate};

use super::model_argument::{ModelArgument, Pinned};
use super::rows;
use crate::arguments::{self, wrong_call};
use crate::context::FunctionContext;
use crate::error::external;
use crate::model::Scorer;
use crate::{tensor, types};

/// What is asked of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Question {
    Label,
    Probabilities,
}

/// PREDICT or PREDICT_PROBA, with the model once its name is resolved.
#[derive(Debug)]
pub(super) struct Score {
    context: Arc<FunctionContext>,
    name: &'static str,
    question: Question,
    documentation: &'static Documentation,
    signature: Signature,
    pinned: Option<Pinned>,
}

impl Score {
    pub fn function(
        context: &Arc<FunctionContext>,
        name: &'static str,
        question: Question,
        documentation: &'static Documentation,
    ) -> ScalarUDF {
        Self {
            context: Arc::clone(context),
            name,
            question,
            documentation,
            signature: arguments::signature(&[], Volatility::Stable),
            pinned: None,
        }
        .into()
    }

    fn pin(&self, model: Arc<dyn Scorer>) -> Self {
        Self {
            context: Arc::clone(&self.context),
            name: self.name,
            question: self.question,
            documentation: self.documentation,
            signature: self.signature.clone(),
            pinned: Some(Pinned(model)),
        }
    }
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.question == other.question && self.pinned == other.pinned
    }
}

impl Eq for Score {}

impl std::hash::Hash for Score {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.question.hash(state);
        self.pinned.hash(state);
    }
}

impl ScalarUDFImpl for Score {
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
        datafusion::common::internal_err!("{}: return_type instead of return_field_from_args", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if args.arg_fields.len() < 2 {
            return Err(wrong_call(self.name, args.arg_fields, Some(self.documentation)).into());
        }
        let literal = args.scalar_arguments.first().copied().flatten();
        let model = ModelArgument::plan(&self.context, self.name, &args.arg_fields[0], literal, self.pinned.as_ref())?;
        let data_type = match (self.question, model) {
            (Question::Probabilities, _) => types::float_array_type(),
            (Question::Label, ModelArgument::Named(model)) => model.label_type(),
            (Question::Label, ModelArgument::Value(Some(label_type))) => label_type,
            (Question::Label, ModelArgument::Value(None) | ModelArgument::Unknown) => DataType::Utf8,
        };
        Ok(Arc::new(Field::new(self.name, data_type, true)))
    }

    fn simplify(&self, args: Vec<Expr>, _info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        let name = match args.first() {
            Some(Expr::Literal(value, _)) if self.pinned.is_none() => value.try_as_str().flatten(),
            _ => None,
        };
        let Some(name) = name else { return Ok(ExprSimplifyResult::Original(args)) };
        let model = self.context.model(name).map_err(external)?;
        let function = Arc::new(ScalarUDF::from(self.pin(model)));
        Ok(ExprSimplifyResult::Simplified(Expr::ScalarFunction(ScalarFunction::new_udf(function, args))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let scored = self.score(&args, rows)?;
        if constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&scored, 0)?));
        }
        Ok(ColumnarValue::Array(scored))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(self.documentation)
    }
}

impl Score {
    fn score(&self, args: &ScalarFunctionArgs, rows: usize) -> Result<ArrayRef> {
        let return_type = args.return_field.data_type();
        let cancel = self.context.session.cancel();
        let (model, inputs) = args.args.split_at(1.min(args.args.len()));
        let model = match (&self.pinned, model.first()) {
            (Some(pinned), _) => Some(Arc::clone(&pinned.0)),
            (None, Some(ColumnarValue::Scalar(value))) if value.is_null() => {
                return Ok(new_null_array(return_type, rows));
            }
            (None, Some(ColumnarValue::Scalar(value))) => match (value.try_as_str().flatten(), value) {
                (Some(name), _) => Some(self.context.model(name).map_err(external)?),
                (None, value) => {
                    rows::group(&self.context, &value.to_array()?).map_err(external)?.pop().map(|group| group.model)
                }
            },
            (None, _) => None,
        };
        let inputs: Vec<ArrayRef> =
            inputs.iter().map(|input| tensor::flatten(&arguments::array(input, rows)?)).collect::<Result<_>>()?;
        if let Some(model) = model {
            let rows = whole_rows((0..rows as u32).collect(), &inputs);
            return self.ask(&model, &rows, &inputs, return_type, &cancel);
        }
        let models = arguments::array(&args.args[0], rows)?;
        let mut parts: Vec<ArrayRef> = vec![new_null_array(return_type, 1)];
        let mut places = vec![(0, 0); rows];
        for group in rows::group(&self.context, &models).map_err(external)? {
            let inputs = inputs.iter().map(|input| selected(input, &group.rows)).collect::<Result<Vec<_>>>()?;
            let valid = whole_rows((0..group.rows.len() as u32).collect(), &inputs);
            parts.push(self.ask(&group.model, &valid, &inputs, return_type, &cancel)?);
            for (index, row) in group.rows.iter().enumerate() {
                places[*row as usize] = (parts.len() - 1, index);
            }
        }
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Ok(interleave(&parts, &places)?)
    }

    /// Scores the rows in `valid`; the others are NULL.
    fn ask(
        &self,
        model: &Arc<dyn Scorer>,
        valid: &[u32],
        inputs: &[ArrayRef],
        return_type: &DataType,
        cancel: &CancelFlag,
    ) -> Result<ArrayRef> {
        let rows = inputs.first().map_or(0, |input| input.len());
        if valid.is_empty() {
            return Ok(new_null_array(return_type, rows));
        }
        cancel.check().map_err(external)?;
        let all = valid.len() == rows;
        let chosen: Vec<ArrayRef> = if all {
            inputs.to_vec()
        } else {
            inputs.iter().map(|input| selected(input, valid)).collect::<Result<_>>()?
        };
        let scored = match self.question {
            Question::Label => model.predict(&chosen, valid.len(), cancel),
            Question::Probabilities => model.predict_proba(&chosen, valid.len(), cancel),
        };
        let scored = typed(&scored.map_err(external)?, return_type)?;
        if scored.len() != valid.len() {
            return Err(external(Diagnostic::internal(format!(
                "the model gave {} results for {} rows",
                scored.len(),
                valid.len()
            ))));
        }
        if all {
            return Ok(scored);
        }
        let mut places: Vec<Option<u32>> = vec![None; rows];
        for (index, row) in valid.iter().enumerate() {
            places[*row as usize] = Some(index as u32);
        }
        Ok(take(&scored, &UInt32Array::from(places), None)?)
    }
}

/// What scores the model of a call that the planner has resolved: the name, and the engine with its reason.
pub fn scored_by(expression: &Expr) -> Option<(String, Result<String, Diagnostic>)> {
    let Expr::ScalarFunction(call) = expression else { return None };
    let score = call.func.inner().downcast_ref::<Score>()?;
    let (Some(pinned), Some(Expr::Literal(name, _))) = (&score.pinned, call.args.first()) else { return None };
    Some((name.try_as_str().flatten()?.to_owned(), pinned.0.engine()))
}

/// Those of `rows` in which no input is NULL.
pub(super) fn whole_rows(rows: Vec<u32>, inputs: &[ArrayRef]) -> Vec<u32> {
    if inputs.iter().all(|input| input.logical_null_count() == 0) {
        return rows;
    }
    let nulls: Vec<_> = inputs.iter().filter_map(|input| input.logical_nulls()).collect();
    rows.into_iter().filter(|row| nulls.iter().all(|nulls| nulls.is_valid(*row as usize))).collect()
}

/// The given rows of an array.
pub(super) fn selected(array: &ArrayRef, rows: &[u32]) -> Result<ArrayRef> {
    if rows.len() == array.len() && rows.iter().enumerate().all(|(index, row)| index as u32 == *row) {
        return Ok(Arc::clone(array));
    }
    Ok(take(array, &UInt32Array::from(rows.to_vec()), None)?)
}

/// What a model gave, in the type that planning promised. Nothing may be lost on the way: a model trained on whole numbers
/// with the loss of numbers predicts fractions, though its field says whole numbers.
fn typed(scored: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let given = scored.data_type();
    if given == data_type {
        return Ok(Arc::clone(scored));
    }
    let kept = types::is_text(data_type)
        || given.is_integer() && (data_type.is_integer() || data_type.is_floating())
        || given.is_floating() && data_type.is_floating();
    let options = CastOptions { safe: false, ..CastOptions::default() };
    match cast_with_options(scored, data_type, &options) {
        Ok(array) if kept => Ok(array),
        _ => Err(external(
            Diagnostic::new(
                sqlstate::DATATYPE_MISMATCH,
                format!("the model predicts {}, not {}", types::type_name(given), types::type_name(data_type)),
            )
            .with_hint(
                "train on the label cast to the type that is to be predicted; models of one column predict one type",
            ),
        )),
    }
}
