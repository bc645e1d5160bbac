//! Hive's `murmur_hash(…)`, and Spark's `hash(…)`: MurmurHash3 of 32 bits.

use chrono::Timelike;
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type};
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::convert::{number, temporal, text};
use crate::hive::definition::{BASE, Definition, Kind, int};
use crate::types::{is_binary, is_text};

const VALUES: &[(&str, Kind, &str)] = &[("value", Kind::Any, "A value.")];

static MURMUR_HASH: Definition = Definition {
    name: "murmur_hash",
    arguments: VALUES,
    variadic: true,
    result: int,
    run: |call| {
        let columns = (0..call.count()).map(|index| hive(call, &call.array(index)?)).collect::<Result<Vec<_>>>()?;
        let hash =
            |row: usize| columns.iter().fold(0_i32, |known, column| known.wrapping_mul(31).wrapping_add(column[row]));
        call.primitives::<Int32Type>(|row| Some(hash(row)))
    },
    section: &SECTION,
    description: "A number that equal values share, by MurmurHash3, as newer tables of Hive are cut into buckets.",
    example: "SELECT murmur_hash('a', 1);",
    ..BASE
};

static SPARK_HASH: Definition = Definition {
    name: "hash",
    aliases: &["murmur_hash"],
    arguments: VALUES,
    variadic: true,
    result: int,
    run: |call| {
        let mut hashes = vec![42_u32; call.rows];
        for index in 0..call.count() {
            spark(call, &call.array(index)?, &mut hashes)?;
        }
        call.primitives::<Int32Type>(|row| Some(hashes[row] as i32))
    },
    section: &SECTION,
    description: "A number that equal values share, by MurmurHash3.",
    example: "SELECT hash('Spark', 123);",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&MURMUR_HASH];
pub(super) static SPARK: &[&Definition] = &[&SPARK_HASH];

fn mixed(word: u32) -> u32 {
    word.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

fn taken(hash: u32, word: u32) -> u32 {
    (hash ^ mixed(word)).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

fn finished(hash: u32, length: usize) -> u32 {
    let hash = hash ^ length as u32;
    let hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

fn words(bytes: &[u8]) -> (impl Iterator<Item = u32>, &[u8]) {
    let chunks = bytes.chunks_exact(4);
    let rest = chunks.remainder();
    (chunks.map(|chunk| chunk.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte))), rest)
}

/// The standard's, with which Hive hashes.
fn standard(bytes: &[u8], seed: u32) -> u32 {
    let (words, rest) = words(bytes);
    let hash = words.fold(seed, taken);
    let tail = rest.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    finished(if rest.is_empty() { hash } else { hash ^ mixed(tail) }, bytes.len())
}

/// Spark's, which takes what is left of words byte by byte, each with its sign.
fn by_bytes(bytes: &[u8], seed: u32) -> u32 {
    let (words, rest) = words(bytes);
    let hash = words.fold(seed, taken);
    finished(rest.iter().fold(hash, |hash, byte| taken(hash, i32::from(*byte as i8) as u32)), bytes.len())
}

fn of_int(value: i32, seed: u32) -> u32 {
    finished(taken(seed, value as u32), 4)
}

fn of_long(value: i64, seed: u32) -> u32 {
    finished(taken(taken(seed, value as u32), (value >> 32) as u32), 8)
}

const HIVE_SEED: u32 = 104_729;

/// The hash of each value; that of NULL is 0. Numbers are hashed from their highest byte on.
fn hive(call: &Call, values: &ArrayRef) -> Result<Vec<i32>> {
    let known = values.logical_nulls();
    let long = |value: i64| standard(&value.to_be_bytes(), HIVE_SEED) as i32;
    let short = |value: i32| standard(&value.to_be_bytes(), HIVE_SEED) as i32;
    let mut found: Vec<i32> = match values.data_type() {
        DataType::Null => vec![0; values.len()],
        DataType::Boolean => values.as_boolean().iter().map(|value| i32::from(value == Some(true))).collect(),
        DataType::Int8 => number::wholes(values)?.into_iter().map(|value| value.unwrap_or(0) as i32).collect(),
        DataType::Int16 => {
            let hash = |value: Option<i64>| standard(&(value.unwrap_or(0) as i16).to_be_bytes(), HIVE_SEED) as i32;
            number::wholes(values)?.into_iter().map(hash).collect()
        }
        DataType::Int32 => number::wholes(values)?.into_iter().map(|value| short(value.unwrap_or(0) as i32)).collect(),
        DataType::Int64 => values.as_primitive::<Int64Type>().iter().map(|value| long(value.unwrap_or(0))).collect(),
        DataType::Float32 => {
            let values = values.as_primitive::<Float32Type>().iter();
            values.map(|value| short(value.unwrap_or(0.0).to_bits() as i32)).collect()
        }
        DataType::Float64 => {
            let values = values.as_primitive::<Float64Type>().iter();
            values.map(|value| long(value.unwrap_or(0.0).to_bits() as i64)).collect()
        }
        DataType::Date32 => {
            let dates = temporal::dates(values, &call.zone())?.into_iter();
            dates.map(|date| short(date.map_or(0, temporal::days))).collect()
        }
        DataType::Timestamp(..) => {
            let hash = |instant: chrono::NaiveDateTime| {
                let mut bytes = instant.and_utc().timestamp().to_be_bytes().to_vec();
                bytes.extend(instant.nanosecond().to_be_bytes());
                standard(&bytes, HIVE_SEED) as i32
            };
            temporal::timestamps(values, &call.zone())?.into_iter().map(|value| value.map_or(0, hash)).collect()
        }
        other if is_text(other) || is_binary(other) => {
            let all = text::bytes(values, &call.zone())?;
            all.iter().map(|bytes| bytes.map_or(0, |bytes| standard(bytes, HIVE_SEED) as i32)).collect()
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

/// Each row's hash becomes the seed of that of the next value; NULL changes nothing.
fn spark(call: &Call, values: &ArrayRef, hashes: &mut [u32]) -> Result<()> {
    let known = values.logical_nulls();
    let mut each = |hash: &mut dyn FnMut(usize, u32) -> u32| {
        for (row, own) in hashes.iter_mut().enumerate() {
            if known.as_ref().is_none_or(|known| known.is_valid(row)) {
                *own = hash(row, *own);
            }
        }
    };
    match values.data_type() {
        DataType::Null => {}
        DataType::Boolean => each(&mut |row, seed| of_int(i32::from(values.as_boolean().value(row)), seed)),
        DataType::Int8 | DataType::Int16 | DataType::Int32 => {
            let wholes = number::wholes(values)?;
            each(&mut |row, seed| of_int(wholes[row].unwrap_or(0) as i32, seed));
        }
        DataType::Int64 => each(&mut |row, seed| of_long(values.as_primitive::<Int64Type>().value(row), seed)),
        DataType::Float32 => each(&mut |row, seed| {
            // -0 is hashed as 0.
            of_int((values.as_primitive::<Float32Type>().value(row) + 0.0).to_bits() as i32, seed)
        }),
        DataType::Float64 => each(&mut |row, seed| {
            of_long((values.as_primitive::<Float64Type>().value(row) + 0.0).to_bits() as i64, seed)
        }),
        DataType::Decimal128(precision, _) if *precision <= 18 => {
            each(&mut |row, seed| of_long(values.as_primitive::<Decimal128Type>().value(row) as i64, seed));
        }
        DataType::Decimal128(..) => each(&mut |row, seed| {
            let value = values.as_primitive::<Decimal128Type>().value(row);
            let bytes = value.to_be_bytes();
            // As few bytes as tell the number with its sign.
            let mut begin = 0;
            while begin < 15
                && ((bytes[begin] == 0 && bytes[begin + 1] < 128) || (bytes[begin] == 255 && bytes[begin + 1] >= 128))
            {
                begin += 1;
            }
            by_bytes(&bytes[begin..], seed)
        }),
        DataType::Date32 => {
            let dates = temporal::dates(values, &call.zone())?;
            each(&mut |row, seed| of_int(dates[row].map_or(0, temporal::days), seed));
        }
        DataType::Timestamp(..) => {
            let instants = temporal::timestamps(values, &call.zone())?;
            each(&mut |row, seed| {
                of_long(instants[row].map_or(0, |instant| instant.and_utc().timestamp_micros()), seed)
            });
        }
        other if is_text(other) || is_binary(other) => {
            let all = text::bytes(values, &call.zone())?;
            each(&mut |row, seed| by_bytes(all.value(row), seed));
        }
        other => return Err(call.unsupported(format!("type {}", crate::types::type_name(other)))),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_standard_says() {
        assert_eq!(standard(b"", 0), 0);
        assert_eq!(standard(b"", 1), 0x514E_28B7);
        assert_eq!(standard(b"test", 0), 0xba6b_d213);
        assert_eq!(standard(b"Hello, world!", 0), 0xc036_3e43);
    }

    #[test]
    fn as_spark_says() {
        assert_eq!(of_int(1, 42) as i32, -559_580_957);
        assert_eq!(of_long(1, 42) as i32, -1_712_319_331);
        assert_eq!(by_bytes(b"", 42) as i32, 142_593_372);
    }
}
