//! The named arguments of a TRAIN_… call, which reach the planner as one record.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, sqlstate};
use mead_ml::OptionValue;

/// Options out of the record that `named_struct` made of them, in the order given.
pub fn options(record: &ScalarValue) -> Result<Vec<(String, OptionValue)>, Diagnostic> {
    let ScalarValue::Struct(record) = record else {
        return Err(Diagnostic::internal(format!("options of a training function are {}", record.data_type())));
    };
    let names = record.fields().iter().map(|field| field.name().clone());
    names.zip(record.columns()).map(|(name, values)| Ok((name.clone(), element(&name, values, 0)?))).collect()
}

/// Options out of the expression that stands in a plan: a record, or a `named_struct` call whose arguments are constant.
/// `None` for no expression at all is the caller's case of no options.
pub fn options_of(expression: &Expr) -> Result<Vec<(String, OptionValue)>, Diagnostic> {
    match expression {
        Expr::Literal(record, _) => options(record),
        Expr::Alias(alias) => options_of(&alias.expr),
        Expr::ScalarFunction(call) if call.func.name() == "named_struct" => call
            .args
            .chunks_exact(2)
            .map(|pair| {
                let name = match &pair[0] {
                    Expr::Literal(name, _) => name.try_as_str().flatten().unwrap_or_default().to_owned(),
                    other => return Err(not_constant(&other.to_string())),
                };
                let value = constant(&name, &pair[1])?;
                Ok((name, value))
            })
            .collect(),
        other => Err(not_constant(&other.to_string())),
    }
}

fn constant(name: &str, expression: &Expr) -> Result<OptionValue, Diagnostic> {
    match expression {
        Expr::Literal(value, _) => scalar(name, value),
        Expr::Alias(alias) => constant(name, &alias.expr),
        Expr::Cast(cast) => constant(name, &cast.expr),
        Expr::Negative(inner) => match constant(name, inner)? {
            OptionValue::Int(number) => number.checked_neg().map(OptionValue::Int).ok_or_else(|| not_constant(name)),
            OptionValue::Float(number) => Ok(OptionValue::Float(-number)),
            _ => Err(not_constant(name)),
        },
        Expr::ScalarFunction(call) if call.func.name() == "make_array" => {
            call.args.iter().map(|item| constant(name, item)).collect::<Result<_, _>>().map(OptionValue::List)
        }
        _ => Err(not_constant(name)),
    }
}

fn scalar(name: &str, value: &ScalarValue) -> Result<OptionValue, Diagnostic> {
    let array = value.to_array().map_err(|error| invalid(name, &value.data_type()).with_source(error))?;
    element(name, &array, 0)
}

/// One value of an array as an option.
fn element(name: &str, array: &ArrayRef, row: usize) -> Result<OptionValue, Diagnostic> {
    if array.is_null(row) || array.data_type().is_null() {
        return Ok(OptionValue::Null);
    }
    let cast = |to: &DataType| {
        let one = array.slice(row, 1);
        let options = datafusion::arrow::compute::CastOptions { safe: false, ..Default::default() };
        datafusion::arrow::compute::cast_with_options(&one, to, &options)
            .map_err(|error| invalid(name, array.data_type()).with_source(error))
    };
    let list = |values: ArrayRef| {
        (0..values.len()).map(|item| element(name, &values, item)).collect::<Result<_, _>>().map(OptionValue::List)
    };
    match array.data_type() {
        DataType::Boolean => Ok(OptionValue::Bool(array.as_boolean().value(row))),
        other if other.is_integer() => Ok(OptionValue::Int(
            cast(&DataType::Int64)?.as_primitive::<datafusion::arrow::datatypes::Int64Type>().value(0),
        )),
        other if other.is_floating() || other.is_decimal() => Ok(OptionValue::Float(
            cast(&DataType::Float64)?.as_primitive::<datafusion::arrow::datatypes::Float64Type>().value(0),
        )),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Ok(OptionValue::Text(cast(&DataType::Utf8)?.as_string::<i32>().value(0).to_owned()))
        }
        DataType::List(_) => list(array.as_list::<i32>().value(row)),
        DataType::LargeList(_) => list(array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(_, _) => list(array.as_fixed_size_list().value(row)),
        other => Err(invalid(name, other)),
    }
}

fn not_constant(name: &str) -> Diagnostic {
    Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, format!("option \"{name}\" must be a constant"))
        .with_hint("options of a training function cannot come from columns")
}

fn invalid(name: &str, data_type: &DataType) -> Diagnostic {
    Diagnostic::new(
        sqlstate::INVALID_PARAMETER_VALUE,
        format!("invalid value for option \"{name}\": a value of type {data_type}"),
    )
    .with_hint("options are numbers, booleans, text and arrays of them")
}
