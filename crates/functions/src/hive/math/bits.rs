//! `shiftleft`, `shiftright`, `shiftrightunsigned`, `bin`, `bit_count`: numbers as bits.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int32Array, Int64Array};
use datafusion::arrow::datatypes::{DataType, Int32Type};
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, Planned, int, text};

const SHIFT: &[(&str, Kind, &str)] = &[
    ("x", Kind::Number, "A whole number: a bigint is shifted within 64 bits, others within 32."),
    ("places", Kind::Number, "By how many places; only its last 6 or 5 bits count."),
];

static SHIFTLEFT: Definition = Definition {
    name: "shiftleft",
    arguments: SHIFT,
    result: shifted,
    run: |call| shift(call, |x, places| x.wrapping_shl(places), |x, places| x.wrapping_shl(places)),
    section: &SECTION,
    description: "The bits of a number, moved to the left.",
    example: "SELECT shiftleft(2, 1); -- 4",
    ..BASE
};

static SHIFTRIGHT: Definition = Definition {
    name: "shiftright",
    arguments: SHIFT,
    result: shifted,
    run: |call| shift(call, |x, places| x.wrapping_shr(places), |x, places| x.wrapping_shr(places)),
    section: &SECTION,
    description: "The bits of a number, moved to the right; the sign stays.",
    example: "SELECT shiftright(-4, 1); -- -2",
    ..BASE
};

static SHIFTRIGHTUNSIGNED: Definition = Definition {
    name: "shiftrightunsigned",
    arguments: SHIFT,
    result: shifted,
    run: |call| {
        shift(
            call,
            |x, places| (x as u32).wrapping_shr(places) as i32,
            |x, places| (x as u64).wrapping_shr(places) as i64,
        )
    },
    section: &SECTION,
    description: "The bits of a number, moved to the right; zeros follow.",
    example: "SELECT shiftrightunsigned(-1, 28); -- 15",
    ..BASE
};

static BIN: Definition = Definition {
    name: "bin",
    arguments: &[("x", Kind::Number, "A whole number.")],
    result: text,
    run: |call| {
        let values = call.whole(0)?;
        call.texts(|row| Some(format!("{:b}", values.get(row)?)))
    },
    section: &SECTION,
    description: "The digits of a number of base 2; of a negative one its 64 bits.",
    example: "SELECT bin(13); -- 1101",
    ..BASE
};

static BIT_COUNT: Definition = Definition {
    name: "bit_count",
    arguments: &[("x", Kind::Number, "A whole number or a boolean.")],
    result: int,
    run: |call| {
        let values = call.whole(0)?;
        call.primitives::<Int32Type>(|row| Some(values.get(row)?.count_ones() as i32))
    },
    section: &SECTION,
    description: "How many bits of a number, taken as one of 64, are 1.",
    example: "SELECT bit_count(7); -- 3",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&BIN, &BIT_COUNT, &SHIFTLEFT, &SHIFTRIGHT, &SHIFTRIGHTUNSIGNED];

fn shifted(planned: &Planned) -> Result<DataType> {
    Ok(if *planned.data_type(0) == DataType::Int64 { DataType::Int64 } else { DataType::Int32 })
}

fn shift(call: &Call, narrow: fn(i32, u32) -> i32, wide: fn(i64, u32) -> i64) -> Result<ArrayRef> {
    let (values, places) = (call.whole(0)?, call.whole(1)?);
    let rows = 0..call.rows;
    Ok(match call.result_type() {
        DataType::Int64 => {
            let shifted = rows.map(|row| Some(wide(values.get(row)?, places.get(row)? as u32)));
            Arc::new(shifted.collect::<Int64Array>())
        }
        _ => {
            let shifted = rows.map(|row| Some(narrow(values.get(row)? as i32, places.get(row)? as u32)));
            Arc::new(shifted.collect::<Int32Array>())
        }
    })
}
