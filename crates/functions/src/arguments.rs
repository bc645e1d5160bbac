//! Reading a call's arguments: literals while planning, values while running.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, Documentation, ReturnFieldArgs, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use crate::error::Error;
use crate::types;

/// A signature that takes what `return_field_from_args` takes, with names for `name => value`.
///
/// Types are checked there rather than in `coerce_types`, whose errors DataFusion turns into text.
pub(crate) fn signature(names: &[&str], volatility: Volatility) -> Signature {
    let mut signature = Signature::user_defined(volatility);
    if !names.is_empty() {
        signature.parameter_names = Some(names.iter().map(|name| (*name).to_owned()).collect());
    }
    signature
}

/// An argument that must be known while planning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal<T> {
    /// Not given, or NULL: the default holds.
    Absent,
    /// A parameter (`$1`) of a statement that is only described; its value comes later.
    Parameter,
    Value(T),
}

impl<T> Literal<T> {
    pub fn value(self) -> Option<T> {
        match self {
            Literal::Value(value) => Some(value),
            _ => None,
        }
    }
}

/// A call while it is planned.
pub(crate) struct Call<'a> {
    pub function: &'static str,
    pub names: &'a [&'static str],
    pub fields: &'a [FieldRef],
    pub literals: &'a [Option<&'a ScalarValue>],
}

impl<'a> Call<'a> {
    /// Refuses a call with too few or too many arguments.
    pub fn new(
        function: &'static str,
        names: &'a [&'static str],
        required: usize,
        documentation: Option<&Documentation>,
        args: &ReturnFieldArgs<'a>,
    ) -> Result<Self> {
        let call = Self { function, names, fields: args.arg_fields, literals: args.scalar_arguments };
        if call.fields.len() < required || call.fields.len() > names.len() {
            return Err(call.wrong_call(documentation).into());
        }
        Ok(call)
    }

    pub fn wrong_call(&self, documentation: Option<&Documentation>) -> Error {
        wrong_call(self.function, self.fields, documentation)
    }

    pub fn wrong_type(&self, index: usize, expected: &'static str) -> Error {
        Error::ArgumentType {
            function: self.function,
            argument: self.names[index].to_owned(),
            expected,
            given: types::sql_name(&self.fields[index]),
        }
    }

    pub fn wrong_value(&self, index: usize, given: impl ToString, expected: impl Into<String>) -> Error {
        Error::ArgumentValue {
            function: self.function,
            argument: self.names[index].to_owned(),
            given: given.to_string(),
            expected: expected.into(),
        }
    }

    /// A literal whole number within `range`.
    pub fn integer(&self, index: usize, range: std::ops::RangeInclusive<i64>) -> Result<Literal<usize>> {
        let value = match self.literal(index)? {
            Literal::Absent => return Ok(Literal::Absent),
            Literal::Parameter => return Ok(Literal::Parameter),
            Literal::Value(value) => value,
        };
        if !value.data_type().is_integer() {
            return Err(self.wrong_type(index, "a whole number").into());
        }
        match value.cast_to(&DataType::Int64)? {
            ScalarValue::Int64(Some(number)) if range.contains(&number) => Ok(Literal::Value(number as usize)),
            _ => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                Err(self.wrong_value(index, value, expected).into())
            }
        }
    }

    /// A literal word out of `words`.
    pub fn word<T: Copy>(&self, index: usize, words: &[(&'static str, T)]) -> Result<Literal<T>> {
        let value = match self.literal(index)? {
            Literal::Absent => return Ok(Literal::Absent),
            Literal::Parameter => return Ok(Literal::Parameter),
            Literal::Value(value) => value,
        };
        let Some(Some(text)) = value.try_as_str() else {
            return Err(self.wrong_type(index, "text").into());
        };
        match words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
            Some((_, meaning)) => Ok(Literal::Value(*meaning)),
            None => {
                let known: Vec<_> = words.iter().map(|(word, _)| format!("'{word}'")).collect();
                Err(self.wrong_value(index, format!("'{text}'"), known.join(" or ")).into())
            }
        }
    }

    /// Refuses an argument that is there and is not a number.
    pub fn check_number(&self, index: usize) -> Result<()> {
        match self.fields.get(index).map(|field| field.data_type()) {
            None | Some(DataType::Null) => Ok(()),
            Some(data_type) if data_type.is_numeric() => Ok(()),
            Some(_) => Err(self.wrong_type(index, "a number").into()),
        }
    }

    fn literal(&self, index: usize) -> Result<Literal<&'a ScalarValue>> {
        let Some(field) = self.fields.get(index) else { return Ok(Literal::Absent) };
        match self.literals.get(index).copied().flatten() {
            Some(value) if value.is_null() => Ok(Literal::Absent),
            Some(value) => Ok(Literal::Value(value)),
            None if is_parameter(field.name()) => Ok(Literal::Parameter),
            None if field.data_type().is_null() => Ok(Literal::Absent),
            None => Err(Error::NotLiteral { function: self.function, argument: self.names[index].to_owned() }.into()),
        }
    }
}

/// True for the name that DataFusion gives the field of a parameter: `$1`.
pub(crate) fn is_parameter(name: &str) -> bool {
    name.strip_prefix('$').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `function f(integer, text) does not exist`, with the syntax as a hint.
pub(crate) fn wrong_call(function: &'static str, fields: &[FieldRef], documentation: Option<&Documentation>) -> Error {
    let given: Vec<_> = fields.iter().map(|field| types::sql_name(field)).collect();
    let syntax = documentation.map(|documentation| documentation.syntax_example.clone()).unwrap_or_default();
    Error::WrongCall { function, given: given.join(", "), syntax }
}

/// The rows of an argument; a literal is one value for all.
pub(crate) enum Integers {
    Same(Option<i64>),
    Rows(Int64Array),
}

impl Integers {
    pub fn new(value: &ColumnarValue) -> Result<Self> {
        Ok(match value {
            ColumnarValue::Scalar(value) => match value.cast_to(&DataType::Int64)? {
                ScalarValue::Int64(value) => Integers::Same(value),
                _ => Integers::Same(None),
            },
            ColumnarValue::Array(array) => {
                Integers::Rows(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
            }
        })
    }

    pub fn get(&self, row: usize) -> Option<i64> {
        match self {
            Integers::Same(value) => *value,
            Integers::Rows(rows) => rows.is_valid(row).then(|| rows.value(row)),
        }
    }
}

/// An argument as an array; a literal is repeated only when it must be.
pub(crate) fn array(value: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
    match value {
        ColumnarValue::Array(array) => Ok(Arc::clone(array)),
        ColumnarValue::Scalar(value) => value.to_array_of_size(rows),
    }
}

/// A literal text argument while running; absent and NULL are `None`.
pub(crate) fn text(args: &[ColumnarValue], index: usize) -> Option<&str> {
    match args.get(index) {
        Some(ColumnarValue::Scalar(value)) => value.try_as_str().flatten(),
        _ => None,
    }
}

/// A literal whole number while running; absent and NULL are `None`.
pub(crate) fn integer(args: &[ColumnarValue], index: usize) -> Result<Option<usize>> {
    match args.get(index) {
        Some(value) => Ok(Integers::new(value)?.get(0).and_then(|number| usize::try_from(number).ok())),
        None => Ok(None),
    }
}
