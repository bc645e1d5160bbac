//! `round`, `bround`, `ceil`, `floor`, `trunc` of a number: where they go is the mode, how far the number of places.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array, Int64Array};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float32Type};
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::convert::{convert, number};
use crate::hive::definition::{BASE, Definition, Kind, Planned};
use crate::types::is_text;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hive) enum Mode {
    HalfUp,
    HalfEven,
    Up,
    Down,
    /// Towards 0.
    Cut,
}

const X: &[(&str, Kind, &str)] = &[("x", Kind::Number, "A number.")];

const X_PLACES: &[(&str, Kind, &str)] = &[
    ("x", Kind::Number, "A number."),
    (
        "places",
        Kind::Number,
        "How many digits are kept behind the point, 0 if not given; negative ones stand before it.",
    ),
];

static ROUND: Definition = Definition {
    name: "round",
    arguments: X_PLACES,
    required: 1,
    result: with_places,
    run: |call| to_places(call, Mode::HalfUp),
    section: &SECTION,
    description: "The nearest number with so many places. Halves go away from zero.",
    example: "SELECT round(2.5), round(-2.345, 2), round(1250, -2); -- 3.0, -2.35, 1300",
    ..BASE
};

static BROUND: Definition = Definition {
    name: "bround",
    arguments: X_PLACES,
    required: 1,
    result: with_places,
    run: |call| to_places(call, Mode::HalfEven),
    section: &SECTION,
    description: "The nearest number with so many places. Halves go to the even digit.",
    example: "SELECT bround(2.5), bround(3.5); -- 2.0, 4.0",
    ..BASE
};

static CEIL: Definition = Definition {
    name: "ceil",
    aliases: &["ceiling"],
    arguments: X,
    result: whole,
    run: |call| to_whole(call, Mode::Up),
    section: &SECTION,
    description: "The least whole number that is not less: a bigint, or a decimal of a decimal.",
    example: "SELECT ceil(-0.1), ceil(5.2); -- 0, 6",
    ..BASE
};

static FLOOR: Definition = Definition {
    name: "floor",
    arguments: X,
    result: whole,
    run: |call| to_whole(call, Mode::Down),
    section: &SECTION,
    description: "The greatest whole number that is not greater: a bigint, or a decimal of a decimal.",
    example: "SELECT floor(-0.1), floor(5.2); -- -1, 5",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&BROUND, &CEIL, &FLOOR, &ROUND];

fn whole(planned: &Planned) -> Result<DataType> {
    Ok(match planned.data_type(0) {
        DataType::Boolean => return Err(planned.refuse()),
        DataType::Decimal128(precision, scale) if *scale > 0 => {
            DataType::Decimal128((i32::from(*precision) - i32::from(*scale) + 1).clamp(1, 38) as u8, 0)
        }
        DataType::Decimal128(precision, scale) => DataType::Decimal128(*precision, *scale),
        _ => DataType::Int64,
    })
}

pub(in crate::hive) fn with_places(planned: &Planned) -> Result<DataType> {
    let places = match planned.fields.len() {
        1 => Some(0),
        _ => planned.whole(1),
    };
    Ok(match planned.data_type(0) {
        DataType::Boolean => return Err(planned.refuse()),
        DataType::Decimal128(precision, scale) => {
            let (precision, scale) = (i64::from(*precision), i64::from(*scale));
            match places {
                Some(places) if places < scale => {
                    let places = places.max(0);
                    DataType::Decimal128((precision - scale + places + 1).clamp(1, 38) as u8, places as i8)
                }
                _ => DataType::Decimal128(precision as u8, scale as i8),
            }
        }
        other if is_text(other) || other.is_null() => DataType::Float64,
        other => other.clone(),
    })
}

fn to_whole(call: &Call, mode: Mode) -> Result<ArrayRef> {
    if let DataType::Decimal128(..) = call.result_type() {
        return decimals(call, mode, |_| Some(0));
    }
    if call.data_type(0).is_integer() {
        return convert(&call.array(0)?, &DataType::Int64, call.dialect, &call.zone());
    }
    let values = call.double(0)?;
    call.primitives::<datafusion::arrow::datatypes::Int64Type>(|row| {
        let value = values.get(row)?;
        Some(if mode == Mode::Up { value.ceil() } else { value.floor() } as i64)
    })
}

pub(in crate::hive) fn to_places(call: &Call, mode: Mode) -> Result<ArrayRef> {
    let places = match call.has(1) {
        true => Some(call.whole(1)?),
        false => None,
    };
    let at = |row: usize| match &places {
        Some(places) => places.get(row),
        None => Some(0),
    };
    let safe = CastOptions { safe: true, ..CastOptions::default() };
    match call.result_type() {
        DataType::Decimal128(..) => decimals(call, mode, at),
        result if result.is_integer() => {
            let values = call.whole(0)?;
            let rounded: Int64Array = (0..call.rows)
                .map(|row| {
                    let (value, places) = (i128::from(values.get(row)?), at(row)?);
                    let rounded = if places >= 0 { value } else { shift_round(value, -places, mode) };
                    // Java's numbers wrap around.
                    Some(rounded as i64)
                })
                .collect();
            Ok(cast_with_options(&rounded, result, &safe)?)
        }
        DataType::Float32 => {
            // The shortest text of a float says what is rounded, not that of the double it becomes.
            let values = convert(&call.array(0)?, &DataType::Float32, call.dialect, &call.zone())?;
            let values = values.as_primitive::<Float32Type>();
            call.primitives::<Float32Type>(|row| {
                let value = values.is_valid(row).then(|| values.value(row))?;
                let text = crate::hive::convert::text::float_text(value);
                Some(round_text(f64::from(value), &text, at(row)?, mode) as f32)
            })
        }
        _ => {
            let values = call.double(0)?;
            let rounded: Float64Array =
                (0..call.rows).map(|row| Some(round_double(values.get(row)?, at(row)?, mode))).collect();
            Ok(Arc::new(rounded))
        }
    }
}

fn decimals(call: &Call, mode: Mode, places: impl Fn(usize) -> Option<i64>) -> Result<ArrayRef> {
    let array = call.array(0)?;
    let (DataType::Decimal128(_, from), DataType::Decimal128(precision, to)) = (array.data_type(), call.result_type())
    else {
        return call.nulls();
    };
    let (from, to) = (i64::from(*from), i64::from(*to));
    let values = array.as_primitive::<Decimal128Type>();
    let limit = 10i128.checked_pow(u32::from(*precision)).unwrap_or(i128::MAX);
    let rounded: Decimal128Array = (0..call.rows)
        .map(|row| {
            let value = values.is_valid(row).then(|| values.value(row))?;
            let places = places(row)?.clamp(-100, 100).min(from);
            let rounded = shift_round(value, from - places, mode);
            // What is kept has `from` digits behind the point still; the result has `to`.
            let result = match from - to {
                less if less >= 0 => rounded.checked_div(10i128.checked_pow(less as u32)?)?,
                more => rounded.checked_mul(10i128.checked_pow((-more) as u32)?)?,
            };
            (result.unsigned_abs() < limit.unsigned_abs()).then_some(result)
        })
        .collect();
    Ok(Arc::new(rounded.with_precision_and_scale(*precision, to as i8)?))
}

/// The number with its last `digits` digits rounded to zeros.
fn shift_round(value: i128, digits: i64, mode: Mode) -> i128 {
    if digits <= 0 {
        return value;
    }
    let Some(unit) = u32::try_from(digits).ok().and_then(|digits| 10i128.checked_pow(digits)) else { return 0 };
    let (quotient, rest) = (value / unit, value % unit);
    let away = value.signum();
    let half = (rest.abs() * 2).cmp(&unit);
    let up = match mode {
        Mode::HalfUp => half.is_ge(),
        Mode::HalfEven => half.is_gt() || (half.is_eq() && quotient % 2 != 0),
        Mode::Up => rest > 0,
        Mode::Down => rest < 0,
        Mode::Cut => false,
    };
    let rounded = if up { quotient + if rest == 0 { 0 } else { away } } else { quotient };
    rounded.saturating_mul(unit)
}

/// A double, rounded as the digits that it prints as, which is what Java's `BigDecimal.valueOf` has.
pub(in crate::hive) fn round_double(value: f64, places: i64, mode: Mode) -> f64 {
    round_text(value, &format!("{value:e}"), places, mode)
}

fn round_text(value: f64, text: &str, places: i64, mode: Mode) -> f64 {
    if !value.is_finite() || value == 0.0 {
        return value;
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Some(digits) = number::parse_whole(&format!("{whole}{fraction}")).map(i128::from) else { return value };
    // value = digits × 10^(-scale)
    let scale = fraction.len() as i64 - exponent;
    let places = places.clamp(-400, 400);
    if scale <= places {
        return value;
    }
    let rounded = shift_round(digits, scale - places, mode);
    format!("{rounded}e{}", -scale).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_where_the_mode_says() {
        for (value, places, up, even) in [
            (2.5, 0, 3.0, 2.0),
            (-2.5, 0, -3.0, -2.0),
            (3.5, 0, 4.0, 4.0),
            (1.005, 2, 1.01, 1.0),
            (2.345, 2, 2.35, 2.34),
            (1250.0, -2, 1300.0, 1200.0),
            (1e300, 2, 1e300, 1e300),
            (4.9e-324, 2, 0.0, 0.0),
            (123.0, -5, 0.0, 0.0),
        ] {
            assert_eq!(round_double(value, places, Mode::HalfUp), up, "{value}");
            assert_eq!(round_double(value, places, Mode::HalfEven), even, "{value}");
        }
        assert_eq!(shift_round(-101, 1, Mode::Up), -100);
        assert_eq!(shift_round(-101, 1, Mode::Down), -110);
        assert_eq!(shift_round(109, 1, Mode::Cut), 100);
        assert!(round_double(f64::NAN, 2, Mode::HalfUp).is_nan());
    }
}
