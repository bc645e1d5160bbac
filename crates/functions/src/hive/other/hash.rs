//! Hive's `hash(…)`: what its ObjectInspectorUtils makes of Java's hashCode, by which tables are cut into buckets too.

use chrono::Timelike;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type};
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::convert::{number, temporal, text};
use crate::hive::definition::{BASE, Definition, Kind, int};
use crate::types::{is_binary, is_text};

static HASH: Definition = Definition {
    name: "hash",
    arguments: &[("value", Kind::Any, "A value.")],
    variadic: true,
    result: int,
    run: |call| {
        let columns = (0..call.count()).map(|index| hashes(call, &call.array(index)?)).collect::<Result<Vec<_>>>()?;
        call.primitives::<Int32Type>(|row| Some(columns.iter().fold(0, |known, column| combine(known, column[row]))))
    },
    section: &SECTION,
    description: "A number that equal values share.",
    example: "SELECT hash('a', 1); -- 3008",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&HASH];

fn combine(known: i32, next: i32) -> i32 {
    known.wrapping_mul(31).wrapping_add(next)
}

fn folded(value: i64) -> i32 {
    (value ^ ((value as u64) >> 32) as i64) as i32
}

/// The hash of each value; that of NULL is 0.
fn hashes(call: &Call, values: &ArrayRef) -> Result<Vec<i32>> {
    let known = values.logical_nulls();
    let mut found: Vec<i32> = match values.data_type() {
        DataType::Null => vec![0; values.len()],
        DataType::Boolean => values.as_boolean().iter().map(|value| i32::from(value == Some(true))).collect(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 => {
            number::wholes(values)?.into_iter().map(|value| value.unwrap_or(0) as i32).collect()
        }
        DataType::Int64 => values.as_primitive::<Int64Type>().iter().map(|value| folded(value.unwrap_or(0))).collect(),
        DataType::Float32 => {
            let bits = |value: Option<f32>| {
                value.map_or(0, |value| if value.is_nan() { 0x7fc0_0000 } else { value.to_bits() })
            };
            values.as_primitive::<Float32Type>().iter().map(|value| bits(value) as i32).collect()
        }
        DataType::Float64 => {
            let bits = |value: f64| if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits() };
            values.as_primitive::<Float64Type>().iter().map(|value| folded(value.map_or(0, bits) as i64)).collect()
        }
        DataType::Decimal128(_, scale) => {
            let scale = i32::from(*scale);
            values.as_primitive::<Decimal128Type>().iter().map(|value| decimal(value.unwrap_or(0), scale)).collect()
        }
        DataType::Date32 => {
            temporal::dates(values, &call.zone())?.into_iter().map(|date| date.map_or(0, temporal::days)).collect()
        }
        DataType::Timestamp(..) => {
            let hash = |instant: chrono::NaiveDateTime| {
                let seconds = instant.and_utc().timestamp() << 30 | i64::from(instant.nanosecond());
                folded(seconds)
            };
            temporal::timestamps(values, &call.zone())?.into_iter().map(|value| value.map_or(0, hash)).collect()
        }
        other if is_text(other) => {
            let texts = text::texts(values, &call.zone())?;
            texts.iter().map(|text| text.map_or(0, |text| of_bytes(0, text.as_bytes()))).collect()
        }
        other if is_binary(other) => {
            let all = text::bytes(values, &call.zone())?;
            all.iter().map(|bytes| bytes.map_or(0, |bytes| of_bytes(1, bytes))).collect()
        }
        DataType::List(_) => {
            let lists = values.as_list::<i32>();
            let items = hashes(call, lists.values())?;
            let offsets = lists.value_offsets();
            let list = |row: usize| items[offsets[row] as usize..offsets[row + 1] as usize].iter();
            (0..lists.len()).map(|row| list(row).fold(0, |known, next| combine(known, *next))).collect()
        }
        DataType::Map(..) => {
            let maps = values.as_map();
            let (keys, items) = (hashes(call, maps.keys())?, hashes(call, maps.values())?);
            let offsets = maps.value_offsets();
            let entries = |row: usize| offsets[row] as usize..offsets[row + 1] as usize;
            let hash = |row: usize| entries(row).fold(0_i32, |sum, place| sum.wrapping_add(keys[place] ^ items[place]));
            (0..maps.len()).map(hash).collect()
        }
        DataType::Struct(_) => {
            let columns =
                values.as_struct().columns().iter().map(|column| hashes(call, column)).collect::<Result<Vec<_>>>()?;
            (0..values.len()).map(|row| columns.iter().fold(0, |known, column| combine(known, column[row]))).collect()
        }
        other => return Err(call.unsupported(format!("type {}", crate::types::type_name(other)))),
    };
    if let Some(known) = known {
        for (row, hash) in found.iter_mut().enumerate() {
            if known.is_null(row) {
                *hash = 0;
            }
        }
    }
    Ok(found)
}

/// Java's, with its signed bytes.
fn of_bytes(seed: i32, bytes: &[u8]) -> i32 {
    bytes.iter().fold(seed, |known, byte| combine(known, i32::from(*byte as i8)))
}

/// That of a BigDecimal without zeros at its end.
fn decimal(value: i128, scale: i32) -> i32 {
    let (mut value, mut scale) = (value, scale);
    while scale > 0 && value % 10 == 0 {
        value /= 10;
        scale -= 1;
    }
    let magnitude = value.unsigned_abs();
    let words = (0..4).rev().map(|word| (magnitude >> (32 * word)) as u32).skip_while(|word| *word == 0);
    let hash = words.fold(0_i32, |known, word| combine(known, word as i32));
    combine(hash.wrapping_mul(value.signum() as i32), scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_java_hashes() {
        assert_eq!(of_bytes(0, b"val_238"), 230_899_705);
        assert_eq!(folded(-1), 0);
        assert_eq!(folded(1 << 32), 1);
        assert_eq!(decimal(0, 2), 0);
        assert_eq!(decimal(1250, 2), 31 * 125 + 1);
        assert_eq!(decimal(-100, 0), -3100);
    }
}
