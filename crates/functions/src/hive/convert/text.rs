//! Values as text, as Java prints them.

use std::fmt::Write;
use std::sync::Arc;

use chrono::{NaiveDate, NaiveDateTime, Timelike};
use chrono_tz::Tz;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::error::Result;

use super::{interval, temporal};
use crate::types::is_binary;

/// Text of any primitive type.
pub(crate) fn texts(array: &ArrayRef, zone: &Tz) -> Result<StringArray> {
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().clone(),
        DataType::Float64 => array.as_primitive::<Float64Type>().iter().map(|value| value.map(double_text)).collect(),
        DataType::Float32 => array.as_primitive::<Float32Type>().iter().map(|value| value.map(float_text)).collect(),
        DataType::Date32 | DataType::Date64 => {
            temporal::dates(array, zone)?.into_iter().map(|value| value.map(date_text)).collect()
        }
        DataType::Timestamp(..) => {
            temporal::timestamps(array, zone)?.into_iter().map(|value| value.map(timestamp_text)).collect()
        }
        other if is_binary(other) => {
            let values = cast(array, &DataType::Binary)?;
            values.as_binary::<i32>().iter().map(|value| value.map(String::from_utf8_lossy)).collect()
        }
        _ => match interval::texts(array)? {
            Some(texts) => texts,
            None => cast(array, &DataType::Utf8)?.as_string::<i32>().clone(),
        },
    })
}

/// Bytes as they are, or the UTF-8 of what is not bytes.
pub(crate) fn bytes(array: &ArrayRef, zone: &Tz) -> Result<BinaryArray> {
    let array = match array.data_type() {
        other if is_binary(other) => cast(array, &DataType::Binary)?,
        _ => cast(&(Arc::new(texts(array, zone)?) as ArrayRef), &DataType::Binary)?,
    };
    Ok(array.as_binary::<i32>().clone())
}

/// As Java's `Double.toString`: at least one digit behind the point, powers of ten from 10^7 on and below 10^-3.
pub fn double_text(value: f64) -> String {
    java(value.is_nan(), value, |value| format!("{value:e}"))
}

/// As Java's `Float.toString`.
pub fn float_text(value: f32) -> String {
    let shortest = value;
    java(value.is_nan(), f64::from(value), |_| format!("{:e}", shortest.abs()))
}

fn java(not_a_number: bool, value: f64, scientific: impl Fn(f64) -> String) -> String {
    if not_a_number {
        return "NaN".to_owned();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}Infinity");
    }
    if value == 0.0 {
        return format!("{sign}0.0");
    }
    let text = scientific(value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point = |places: usize| {
        let (whole, fraction) = digits.split_at(places.min(digits.len()));
        let zeros = "0".repeat(places.saturating_sub(digits.len()));
        format!("{whole}{zeros}.{}", if fraction.is_empty() { "0" } else { fraction })
    };
    match exponent {
        0..7 => format!("{sign}{}", point(exponent as usize + 1)),
        -3..0 => format!("{sign}0.{}{digits}", "0".repeat((-exponent - 1) as usize)),
        _ => format!("{sign}{}E{exponent}", point(1)),
    }
}

pub(crate) fn date_text(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

/// `2009-07-30 12:58:59`, and as much of a fraction as there is.
pub(crate) fn timestamp_text(timestamp: NaiveDateTime) -> String {
    let mut text = timestamp.format("%Y-%m-%d %H:%M:%S").to_string();
    let nanoseconds = timestamp.nanosecond() % 1_000_000_000;
    if nanoseconds > 0 {
        let _ = write!(text, ".{}", format!("{nanoseconds:09}").trim_end_matches('0'));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_java_prints_them() {
        for (value, text) in [
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (1234567.0, "1234567.0"),
            (12345678.0, "1.2345678E7"),
            (1e10, "1.0E10"),
            (123.456, "123.456"),
            (0.1, "0.1"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double_text(value), text);
        }
        assert_eq!(float_text(1.1), "1.1");
        assert_eq!(float_text(-16777216.0), "-1.6777216E7");
    }

    #[test]
    fn a_fraction_is_as_long_as_it_must_be() {
        let day = NaiveDate::from_ymd_opt(2009, 7, 30).unwrap();
        assert_eq!(timestamp_text(day.and_hms_opt(1, 2, 3).unwrap()), "2009-07-30 01:02:03");
        assert_eq!(timestamp_text(day.and_hms_nano_opt(1, 2, 3, 120_000_000).unwrap()), "2009-07-30 01:02:03.12");
    }
}
