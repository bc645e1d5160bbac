//! `sign(x)`: -1, 0 or 1. A double of a double, in hive a whole number of a decimal.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

static SIGN: Definition = Definition {
    name: "sign",
    aliases: &["signum"],
    arguments: &[("x", Kind::Number, "A number.")],
    result,
    run,
    section: &SECTION,
    description: "-1, 0 or 1, as the number is less than 0, 0, or greater.",
    example: "SELECT sign(-2.5); -- -1",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&SIGN];

fn result(planned: &Planned) -> Result<DataType> {
    Ok(match planned.data_type(0) {
        DataType::Decimal128(..) if planned.dialect == Dialect::Hive => DataType::Int32,
        _ => DataType::Float64,
    })
}

fn run(call: &Call) -> Result<ArrayRef> {
    let values = call.double(0)?;
    let sign = |value: f64| if value == 0.0 || value.is_nan() { value } else { value.signum() };
    match call.result_type() {
        DataType::Int32 => {
            let signs: Int32Array = (0..call.rows).map(|row| Some(sign(values.get(row)?) as i32)).collect();
            Ok(Arc::new(signs))
        }
        _ => call.primitives::<Float64Type>(|row| values.get(row).map(sign)),
    }
}
