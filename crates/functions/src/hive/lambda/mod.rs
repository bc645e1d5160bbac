//! Spark's functions that take functions: `transform(array, x -> x + 1)` and their like.

mod elements;
mod fold;
mod maps;
mod zip;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, UInt32Array};
use datafusion::arrow::compute::{take, take_arrays};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, DocSection, Documentation, HigherOrderFunctionArgs, HigherOrderReturnFieldArgs,
    HigherOrderSignature, HigherOrderUDF, HigherOrderUDFImpl, LambdaArgument, LambdaParametersProgress, ValueOrLambda,
    Volatility,
};
use mead_common::{Diagnostic, Dialect, sqlstate};

use crate::error::external;

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Hive higher-order functions",
    description: Some("Spark's: they take a function, written `x -> x + 1` or `(x, y) -> x + y`."),
};

/// A function of this kind. Values come before functions in its arguments.
pub(crate) struct HigherOrder {
    name: &'static str,
    aliases: &'static [&'static str],
    syntax: &'static str,
    description: &'static str,
    /// What values are cast to; `None` where they do not fit.
    values: fn(&[DataType]) -> Option<Vec<DataType>>,
    /// What each function is called with.
    parameters: fn(&[DataType]) -> Vec<Vec<DataType>>,
    /// The result's type, from those of the values and of what the functions give.
    result: fn(&[DataType], &[DataType]) -> Option<DataType>,
    run: fn(&HigherOrderCall) -> Result<ArrayRef>,
}

/// A call while it runs.
pub(super) struct HigherOrderCall<'a> {
    values: Vec<ArrayRef>,
    functions: Vec<&'a LambdaArgument>,
    rows: usize,
    result: &'a DataType,
}

impl HigherOrderCall<'_> {
    /// What a function gives for rows of arguments; `of` names the row of the call to which each of them belongs.
    fn apply(&self, function: usize, arguments: &[ArrayRef], of: &UInt32Array) -> Result<ArrayRef> {
        let Some(function) = self.functions.get(function) else {
            return Err(external(Diagnostic::internal("a function is missing")));
        };
        let closures: Vec<_> = arguments.iter().map(|argument| move || Ok(Arc::clone(argument))).collect();
        let closures: Vec<&dyn Fn() -> Result<ArrayRef>> = closures.iter().map(|closure| closure as _).collect();
        let result = function.evaluate(&closures, |captured| Ok(take_arrays(captured, of, None)?))?;
        result.into_array(of.len())
    }
}

/// The functions of a dialect.
pub(super) fn functions(dialect: Dialect) -> Vec<HigherOrderUDF> {
    if dialect != Dialect::Spark {
        return Vec::new();
    }
    let all = [elements::FUNCTIONS, fold::FUNCTIONS, maps::FUNCTIONS, zip::FUNCTIONS].concat();
    all.into_iter().map(|definition| HigherOrderUDF::new_from_impl(Function::new(definition))).collect()
}

#[derive(Debug)]
struct Function {
    definition: &'static HigherOrder,
    aliases: Vec<String>,
    signature: HigherOrderSignature,
    documentation: Documentation,
}

impl std::fmt::Debug for HigherOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.definition.name == other.definition.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.definition.name.hash(state);
    }
}

impl Function {
    fn new(definition: &'static HigherOrder) -> Function {
        let documentation = Documentation::builder(SECTION, definition.description, definition.syntax)
            .with_argument("function", "What is called for each element or entry.")
            .build();
        Function {
            definition,
            aliases: definition.aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            signature: HigherOrderSignature::user_defined(Volatility::Immutable),
            documentation,
        }
    }

    fn refuse(&self) -> datafusion::error::DataFusionError {
        let message = format!("function {} does not take these arguments", self.definition.name);
        let hint = format!("it is called as {}", self.definition.syntax);
        external(Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, message).with_hint(hint))
    }
}

impl HigherOrderUDFImpl for Function {
    fn name(&self) -> &str {
        self.definition.name
    }

    fn aliases(&self) -> &[String] {
        &self.aliases
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn coerce_value_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        (self.definition.values)(given).ok_or_else(|| self.refuse())
    }

    fn lambda_parameters(
        &self,
        _: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let values = fields.iter().filter_map(|field| match field {
            ValueOrLambda::Value(field) => Some(field.data_type().clone()),
            ValueOrLambda::Lambda(_) => None,
        });
        let values: Vec<DataType> = values.collect();
        let given = fields.len() - values.len();
        let mut parameters = (self.definition.parameters)(&values);
        if given == 0 || given > parameters.len() {
            return Err(self.refuse());
        }
        // What comes after the values may be left out at the end.
        parameters.truncate(given);
        let named = |data_type: DataType| Arc::new(Field::new("", data_type, true));
        let parameters = parameters.into_iter().map(|types| types.into_iter().map(named).collect()).collect();
        Ok(LambdaParametersProgress::Complete(parameters))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let (mut values, mut functions) = (Vec::new(), Vec::new());
        for field in args.arg_fields {
            match field {
                ValueOrLambda::Value(field) => values.push(field.data_type().clone()),
                ValueOrLambda::Lambda(field) => functions.push(field.data_type().clone()),
            }
        }
        let result = (self.definition.result)(&values, &functions).ok_or_else(|| self.refuse())?;
        Ok(Arc::new(Field::new(self.definition.name, result, true)))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let (mut values, mut functions) = (Vec::new(), Vec::new());
        for argument in &args.args {
            match argument {
                ValueOrLambda::Value(value) => values.push(value.to_array(args.number_rows)?),
                ValueOrLambda::Lambda(function) => functions.push(function),
            }
        }
        let call = HigherOrderCall { values, functions, rows: args.number_rows, result: args.return_field.data_type() };
        Ok(ColumnarValue::Array((self.definition.run)(&call)?))
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(&self.documentation)
    }
}

/// Rows of a call, each as often as `lengths` says.
fn owners(lengths: impl Iterator<Item = usize>) -> UInt32Array {
    let rows = lengths.enumerate().flat_map(|(row, length)| std::iter::repeat_n(row as u32, length));
    UInt32Array::from_iter_values(rows)
}

/// The values at these places.
fn at(values: &ArrayRef, places: &[u64]) -> Result<ArrayRef> {
    Ok(take(values, &datafusion::arrow::array::UInt64Array::from(places.to_vec()), None)?)
}
