//! `width_bucket(x, low, high, count)`: which of so many equal parts a number lies in.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

static WIDTH_BUCKET: Definition = Definition {
    name: "width_bucket",
    arguments: &[
        ("x", Kind::Number, "A number."),
        ("low", Kind::Number, "Where the first part begins."),
        ("high", Kind::Number, "Where the last part ends; it may be less than low."),
        ("count", Kind::Number, "How many parts there are."),
    ],
    result,
    run,
    section: &SECTION,
    description: "Which of so many equal parts a number lies in, from 1; 0 and count + 1 stand for what lies outside.",
    example: "SELECT width_bucket(5.3, 0.2, 10.6, 5); -- 3",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&WIDTH_BUCKET];

fn result(planned: &Planned) -> Result<DataType> {
    Ok(if planned.dialect == Dialect::Spark { DataType::Int64 } else { DataType::Int32 })
}

fn run(call: &Call) -> Result<ArrayRef> {
    let (x, low, high, count) = (call.double(0)?, call.double(1)?, call.double(2)?, call.whole(3)?);
    call.primitives::<Int64Type>(|row| bucket(x.get(row)?, low.get(row)?, high.get(row)?, count.get(row)?))
}

fn bucket(x: f64, low: f64, high: f64, count: i64) -> Option<i64> {
    let fine = low.is_finite() && high.is_finite() && !x.is_nan() && low != high;
    if !fine || !(1..i64::from(i32::MAX)).contains(&count) {
        return None;
    }
    let (x, low, high) = if low < high { (x, low, high) } else { (-x, -low, -high) };
    Some(match x {
        x if x < low => 0,
        x if x >= high => count + 1,
        x => ((count as f64 * (x - low) / (high - low)).floor() as i64 + 1).min(count),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_in_both_directions() {
        assert_eq!(bucket(5.3, 0.2, 10.6, 5), Some(3));
        assert_eq!(bucket(-2.1, 1.3, 3.4, 3), Some(0));
        assert_eq!(bucket(8.1, 0.0, 5.7, 4), Some(5));
        assert_eq!(bucket(-0.9, 5.2, 0.5, 2), Some(3));
        assert_eq!(bucket(1.0, 1.0, 1.0, 2), None);
        assert_eq!(bucket(1.0, 0.0, 2.0, 0), None);
    }
}
