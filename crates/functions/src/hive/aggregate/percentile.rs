//! `percentile`, `percentile_approx`, `percentile_cont`, `percentile_disc`.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, UInt32Array};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;
use mead_common::Dialect;

use super::gathered::{BASE, Gathered, Group, list_value};
use crate::hive::collection::keys;
use crate::hive::definition::Kind;

const VALUE: (&str, Kind, &str) = ("value", Kind::Number, "A number.");
const FRACTION: (&str, Kind, &str) = ("fraction", Kind::Any, "From 0 to 1, or an array of such.");

static PERCENTILE: Gathered = Gathered {
    name: "percentile",
    arguments: &[VALUE, FRACTION, ("frequency", Kind::Number, "How often the value counts.")],
    required: 2,
    coerce: |index, given| match index {
        0 => DataType::Float64,
        1 => fractions_type(given),
        _ => DataType::Int64,
    },
    result: double_type,
    evaluate: |group| {
        let values = repeated(group)?;
        of_each(group, !values.is_empty(), |fraction| continuous(&values, fraction))
    },
    description: "The value below which a fraction of the values lies, found between the two that are nearest.",
    example: "SELECT percentile(x, 0.5) FROM t;",
    ..BASE
};

static PERCENTILE_CONT: Gathered = Gathered {
    name: "percentile_cont",
    arguments: &[VALUE, FRACTION],
    within_group: true,
    evaluate: |group| {
        let values = sorted(group)?;
        of_each(group, !values.is_empty(), |fraction| continuous(&values, fraction))
    },
    description: "As percentile; also as `percentile_cont(fraction) WITHIN GROUP (ORDER BY value)`.",
    example: "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) FROM t;",
    ..PERCENTILE_BASE
};

static PERCENTILE_DISC: Gathered = Gathered {
    name: "percentile_disc",
    arguments: &[VALUE, FRACTION],
    within_group: true,
    evaluate: |group| {
        let values = sorted(group)?;
        let place = |fraction: f64| match group.dialect {
            Dialect::Spark => ((fraction * values.len() as f64).ceil() - 1.0).max(0.0),
            _ => ((values.len() - 1) as f64 * fraction).ceil(),
        };
        of_each(group, !values.is_empty(), |fraction| values[(place(fraction) as usize).min(values.len() - 1)])
    },
    description: "The first value below which a fraction of the values lies.",
    example: "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY x) FROM t;",
    ..PERCENTILE_BASE
};

const PERCENTILE_BASE: Gathered = Gathered {
    coerce: |index, given| if index == 0 { DataType::Float64 } else { fractions_type(given) },
    result: double_type,
    ..BASE
};

static HIVE_APPROX: Gathered = Gathered {
    name: "percentile_approx",
    arguments: &[VALUE, FRACTION, ("accuracy", Kind::Number, "Taken, but not needed: all values are kept.")],
    required: 2,
    evaluate: |group| {
        let values = sorted(group)?;
        of_each(group, !values.is_empty(), |fraction| of_histogram(&values, fraction))
    },
    description: "The value below which a fraction of the values lies, as Hive finds it in a histogram.",
    example: "SELECT percentile_approx(x, 0.5) FROM t;",
    ..PERCENTILE_BASE
};

static SPARK_APPROX: Gathered = Gathered {
    name: "percentile_approx",
    aliases: &["approx_percentile"],
    arguments: &[
        ("value", Kind::Any, "A number, a date or a timestamp."),
        FRACTION,
        ("accuracy", Kind::Number, "Taken, but not needed: all values are kept."),
    ],
    required: 2,
    coerce: |index, given| match (index, given) {
        (0, given) if given.is_numeric() || given.is_temporal() => given.clone(),
        (0, _) => DataType::Float64,
        (1, given) => fractions_type(given),
        (_, given) => given.clone(),
    },
    result: |types, _| match types {
        [value, DataType::List(_), ..] => Some(DataType::new_list(value.clone(), true)),
        [value, ..] => Some(value.clone()),
        [] => None,
    },
    evaluate: |group| {
        let values = group.column(0)?;
        let rows = keys(&values)?;
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_unstable_by(|left, right| rows.row(*left as usize).cmp(&rows.row(*right as usize)));
        let Some((fractions, many)) = fractions(group)? else { return group.null() };
        if order.is_empty() {
            return group.null();
        }
        let place = |fraction: &f64| order[((fraction * order.len() as f64).ceil() as usize).clamp(1, order.len()) - 1];
        let found = take(&values, &UInt32Array::from_iter_values(fractions.iter().map(place)), None)?;
        if many { list_value(found) } else { ScalarValue::try_from_array(&found, 0) }
    },
    description: "The least value below or at which a fraction of the values lies.",
    example: "SELECT percentile_approx(x, 0.5) FROM t;",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Gathered] = &[&PERCENTILE, &PERCENTILE_CONT, &PERCENTILE_DISC];
pub(super) static HIVE: &[&Gathered] = &[&HIVE_APPROX];
pub(super) static SPARK: &[&Gathered] = &[&SPARK_APPROX];

fn fractions_type(given: &DataType) -> DataType {
    match given {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            DataType::new_list(DataType::Float64, true)
        }
        _ => DataType::Float64,
    }
}

fn double_type(types: &[DataType], _: Dialect) -> Option<DataType> {
    Some(types.get(1)?.clone())
}

/// The fractions, and whether there may be many; `None` for NULL.
fn fractions(group: &Group) -> Result<Option<(Vec<f64>, bool)>> {
    let Some(given) = group.parameter(1)? else { return Ok(None) };
    let (many, values): (bool, ArrayRef) = match &given {
        ScalarValue::List(list) if list.is_valid(0) => (true, list.value(0)),
        value if value.is_null() => return Ok(None),
        value => (false, value.to_array()?),
    };
    let values = cast(&values, &DataType::Float64)?;
    let values = values.as_primitive::<Float64Type>();
    match values.null_count() == 0 && values.values().iter().all(|fraction| (0.0..=1.0).contains(fraction)) {
        true => Ok(Some((values.values().to_vec(), many))),
        false => Err(group.invalid("a fraction must be from 0 to 1")),
    }
}

fn of_each(group: &Group, some: bool, find: impl Fn(f64) -> f64) -> Result<ScalarValue> {
    match fractions(group)?.filter(|_| some) {
        None => group.null(),
        Some((fractions, true)) => {
            let found: Float64Array = fractions.into_iter().map(find).collect::<Vec<_>>().into();
            list_value(Arc::new(found))
        }
        Some((fractions, false)) => Ok(ScalarValue::Float64(fractions.first().map(|fraction| find(*fraction)))),
    }
}

/// The values in the order that was asked for; NaN is greatest.
fn sorted(group: &Group) -> Result<Vec<f64>> {
    let values = group.column(0)?;
    let mut values = values.as_primitive::<Float64Type>().values().to_vec();
    match group.descending {
        true => values.sort_unstable_by(|left, right| right.total_cmp(left)),
        false => values.sort_unstable_by(f64::total_cmp),
    }
    Ok(values)
}

/// The same with each value as often as its frequency says.
fn repeated(group: &Group) -> Result<Vec<f64>> {
    const VALUES_MAX: usize = 1 << 28;
    if group.parameter(2)?.is_none() {
        return sorted(group);
    }
    let (values, counts) = (group.column(0)?, group.column(2)?);
    let (values, counts) = (values.as_primitive::<Float64Type>(), counts.as_primitive::<Int64Type>());
    let mut all = Vec::new();
    for (value, count) in values.values().iter().zip(counts.iter()) {
        let count = match usize::try_from(count.unwrap_or(0)) {
            Ok(count) => count,
            Err(_) => return Err(group.invalid("a frequency must not be negative")),
        };
        if all.len().saturating_add(count) > VALUES_MAX {
            return Err(group.invalid(format!("frequencies make more than {VALUES_MAX} values")));
        }
        all.extend(std::iter::repeat_n(*value, count));
    }
    all.sort_unstable_by(f64::total_cmp);
    Ok(all)
}

/// Between the two values that are nearest. There is at least one.
fn continuous(values: &[f64], fraction: f64) -> f64 {
    let place = (values.len() - 1) as f64 * fraction;
    let (lower, higher) = (place.floor(), place.ceil());
    let (low, high) = (values[lower as usize], values[higher as usize]);
    if lower == higher || low == high { low } else { (higher - place) * low + (place - lower) * high }
}

/// As Hive's histogram answers while it has a bin for each value.
fn of_histogram(values: &[f64], fraction: f64) -> f64 {
    let all = values.len() as f64;
    let mut before: Option<f64> = None;
    let mut begin = 0;
    while begin < values.len() {
        let value = values[begin];
        let same = |other: &&f64| **other == value || (other.is_nan() && value.is_nan());
        let count = values[begin..].iter().take_while(same).count();
        if (begin + count) as f64 / all >= fraction {
            return match before {
                None => value,
                Some(before) => before + (fraction * all - begin as f64) * (value - before) / count as f64,
            };
        }
        before = Some(value);
        begin += count;
    }
    before.unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_values() {
        assert_eq!(continuous(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.5);
        assert_eq!(continuous(&[7.0], 0.3), 7.0);
        assert_eq!(continuous(&[1.0, 2.0], 1.0), 2.0);
        assert_eq!(of_histogram(&[1.0, 2.0, 3.0, 4.0], 0.5), 2.0);
        assert_eq!(of_histogram(&[1.0, 1.0, 3.0], 0.9), 1.0 + (2.7 - 2.0) * 2.0);
        assert_eq!(of_histogram(&[1.0], 0.0), 1.0);
    }
}
