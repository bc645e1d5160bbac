//! Spark's `skewness(x)` and `kurtosis(x)`.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;

use super::gathered::{BASE, Gathered, Group};
use crate::hive::definition::Kind;

const NUMBER: &[(&str, Kind, &str)] = &[("number", Kind::Number, "A number.")];

static SKEWNESS: Gathered = Gathered {
    name: "skewness",
    arguments: NUMBER,
    coerce: |_, _| DataType::Float64,
    result: |_, _| Some(DataType::Float64),
    evaluate: |group| {
        of_moments(group, |count, second, third, _| count.sqrt() * third / (second * second * second).sqrt())
    },
    description: "How far the values lean to one side of their mean.",
    example: "SELECT skewness(x) FROM t;",
    ..BASE
};

static KURTOSIS: Gathered = Gathered {
    name: "kurtosis",
    arguments: NUMBER,
    coerce: |_, _| DataType::Float64,
    result: |_, _| Some(DataType::Float64),
    evaluate: |group| of_moments(group, |count, second, _, fourth| count * fourth / (second * second) - 3.0),
    description: "How heavy the tails of the values are: 0 for those of a normal distribution.",
    example: "SELECT kurtosis(x) FROM t;",
    ..BASE
};

pub(super) static SPARK: &[&Gathered] = &[&KURTOSIS, &SKEWNESS];

/// Of the number of values and the sums of powers of their distances from the mean.
fn of_moments(group: &Group, result: fn(f64, f64, f64, f64) -> f64) -> Result<ScalarValue> {
    let values = group.column(0)?;
    let values = values.as_primitive::<Float64Type>().values();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let power = |exponent: i32| values.iter().map(|value| (value - mean).powi(exponent)).sum::<f64>();
    let second = power(2);
    Ok(ScalarValue::Float64((!values.is_empty() && second != 0.0).then(|| result(count, second, power(3), power(4)))))
}
