//! `printf(format, …)`: values in a format as Java's `Formatter` reads it
//! (<https://docs.oracle.com/javase/8/docs/api/java/util/Formatter.html>). Dates (`%t`) are refused.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::{Bytes, Call, Column, Texts};
use crate::hive::definition::{BASE, Definition, Kind};
use crate::types::is_binary;

static PRINTF: Definition = Definition {
    name: "printf",
    aliases: &["format_string"],
    arguments: &[
        ("format", Kind::Primitive, "A text with marks such as `%s`, `%5d`, `%.2f`."),
        ("value", Kind::Primitive, "What stands in their places."),
    ],
    variadic: true,
    required: 1,
    run,
    section: &SECTION,
    description: "Values in a format as Java's `Formatter` reads it.",
    example: "SELECT printf('Hello World %d %s', 100, 'days'); -- Hello World 100 days",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&PRINTF];

/// An argument in all forms that a mark may ask for.
struct Value {
    data_type: DataType,
    text: Texts,
    double: Column<f64>,
    whole: Column<i64>,
    bytes: Option<Bytes>,
}

fn run(call: &Call) -> Result<ArrayRef> {
    let formats = call.text(0)?;
    let value = |index: usize| {
        let data_type = call.data_type(index);
        let number = data_type.is_numeric();
        let numbers = if number { index } else { usize::MAX };
        Ok(Value {
            text: call.text(index)?,
            double: call.double(numbers)?,
            whole: call.whole(numbers)?,
            bytes: if is_binary(&data_type) { Some(call.bytes(index)?) } else { None },
            data_type,
        })
    };
    let values = (1..call.count()).map(value).collect::<Result<Vec<_>>>()?;
    call.try_texts(|row| match formats.get(row) {
        Some(format) => print(format, &values, row).map(Some).map_err(|reason| call.invalid(reason)),
        None => Ok(None),
    })
}

/// A mark: `%[index$][flags][width][.precision]conversion`.
#[derive(Debug, Default)]
struct Mark {
    index: Option<usize>,
    flags: String,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

/// The widest field that is printed.
const WIDTH_MAX: usize = 100_000;

fn print(format: &str, values: &[Value], row: usize) -> std::result::Result<String, String> {
    let mut result = String::new();
    let mut rest = format;
    let (mut next, mut last) = (0, None);
    while let Some(begin) = rest.find('%') {
        result.push_str(&rest[..begin]);
        let (mark, length) = parse(&rest[begin + 1..])?;
        rest = &rest[begin + 1 + length..];
        match mark.conversion {
            '%' => result.push_str(&pad("%".to_owned(), &mark)),
            'n' => result.push('\n'),
            _ => {
                let index = match mark.index {
                    Some(index) => index.checked_sub(1).ok_or("argument 0")?,
                    None if mark.flags.contains('<') => last.ok_or("no argument before '%<'")?,
                    None => {
                        next += 1;
                        next - 1
                    }
                };
                last = Some(index);
                let value = values.get(index).ok_or_else(|| format!("no argument for \"%{}\"", mark.conversion))?;
                result.push_str(&convert(&mark, value, row)?);
            }
        }
    }
    result.push_str(rest);
    Ok(result)
}

/// The mark that begins behind a percent sign, and how many bytes it has.
fn parse(text: &str) -> std::result::Result<(Mark, usize), String> {
    let mut mark = Mark::default();
    let bytes = text.as_bytes();
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = |from: usize, count: usize| {
        let number: Option<usize> = text[from..from + count].parse().ok();
        number.filter(|number| *number <= WIDTH_MAX).ok_or_else(|| "a number is too large".to_owned())
    };
    let mut at = 0;
    let count = digits(0);
    if count > 0 && bytes.get(count) == Some(&b'$') {
        mark.index = Some(number(0, count)?);
        at = count + 1;
    }
    while let Some(flag) = bytes.get(at).filter(|byte| b"-#+ 0,(<".contains(byte)) {
        mark.flags.push(char::from(*flag));
        at += 1;
    }
    let count = digits(at);
    if count > 0 {
        mark.width = number(at, count)?;
        at += count;
    }
    if bytes.get(at) == Some(&b'.') {
        let count = digits(at + 1);
        if count == 0 {
            return Err("a precision has no number".to_owned());
        }
        mark.precision = Some(number(at + 1, count)?);
        at += 1 + count;
    }
    mark.conversion = text[at..].chars().next().ok_or("a format ends with '%'")?;
    let end = at + mark.conversion.len_utf8();
    Ok((mark, end))
}

fn pad(text: String, mark: &Mark) -> String {
    let missing = mark.width.saturating_sub(text.chars().count());
    match mark.flags.contains('-') {
        true => text + &" ".repeat(missing),
        false => " ".repeat(missing) + &text,
    }
}

fn convert(mark: &Mark, value: &Value, row: usize) -> std::result::Result<String, String> {
    let upper = mark.conversion.is_ascii_uppercase();
    let text = value.text.get(row);
    let mismatch = || Err(format!("\"%{}\" does not print a value of its argument's type", mark.conversion));
    let cut = |text: String| match mark.precision {
        Some(precision) => text.chars().take(precision).collect(),
        None => text,
    };
    let printed = match (mark.conversion.to_ascii_lowercase(), text) {
        ('b', text) => pad(
            cut(match (&value.data_type, text) {
                (_, None) => "false".to_owned(),
                (DataType::Boolean, Some(text)) => text.to_owned(),
                _ => "true".to_owned(),
            }),
            mark,
        ),
        ('s', _) if value.bytes.is_some() => {
            let bytes = value.bytes.as_ref().and_then(|bytes| bytes.get(row));
            let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
            pad(cut(bytes.map_or("null".to_owned(), digits)), mark)
        }
        ('s', text) => pad(cut(text.unwrap_or("null").to_owned()), mark),
        ('t', _) => return Err("\"%t\" is not supported".to_owned()),
        (_, None) => pad(cut("null".to_owned()), mark),
        ('h', Some(text)) => pad(cut(format!("{:x}", java_hash(value, text, row))), mark),
        ('c', Some(text)) => match value.whole.get(row) {
            Some(number) => match u32::try_from(number).ok().and_then(char::from_u32) {
                Some(character) => pad(character.to_string(), mark),
                None => return Err(format!("{number} is no character")),
            },
            None if text.chars().count() == 1 => pad(text.to_owned(), mark),
            None => return mismatch(),
        },
        ('d', Some(_)) if value.data_type.is_integer() => match value.whole.get(row) {
            Some(number) => signed(mark, number < 0, number.unsigned_abs().to_string()),
            None => return mismatch(),
        },
        ('x' | 'o', Some(_)) if value.data_type.is_integer() => {
            let Some(number) = value.whole.get(row) else { return mismatch() };
            // A negative number has as many bits as its type.
            let bits = match value.data_type {
                DataType::Int8 => u64::from(number as i8 as u8),
                DataType::Int16 => u64::from(number as i16 as u16),
                DataType::Int32 => u64::from(number as i32 as u32),
                _ => number as u64,
            };
            let hexadecimal = mark.conversion.eq_ignore_ascii_case(&'x');
            let digits = if hexadecimal { format!("{bits:x}") } else { format!("{bits:o}") };
            let prefix = match (mark.flags.contains('#'), hexadecimal) {
                (true, true) => "0x",
                (true, false) => "0",
                _ => "",
            };
            filled(mark, prefix, digits)
        }
        ('f' | 'e' | 'g' | 'a', Some(text)) => {
            let fits = value.data_type.is_floating()
                || matches!(value.data_type, DataType::Decimal128(..) | DataType::Decimal256(..));
            let Some(number) = value.double.get(row).filter(|_| fits) else { return mismatch() };
            float(mark, number, text)
        }
        _ => return mismatch(),
    };
    Ok(if upper { printed.to_uppercase() } else { printed })
}

/// A number with its sign and what the flags ask for around it.
fn signed(mark: &Mark, negative: bool, digits: String) -> String {
    let has = |flag: char| mark.flags.contains(flag);
    let digits = if has(',') { group(&digits) } else { digits };
    match (negative, has('(')) {
        (true, true) => pad(format!("({digits})"), mark),
        (true, false) => filled(mark, "-", digits),
        (false, _) if has('+') => filled(mark, "+", digits),
        (false, _) if has(' ') => filled(mark, " ", digits),
        (false, _) => filled(mark, "", digits),
    }
}

/// Zeros between the sign and the digits, or spaces around both.
fn filled(mark: &Mark, prefix: &str, digits: String) -> String {
    match mark.flags.contains('0') {
        true => format!("{prefix}{}{digits}", "0".repeat(mark.width.saturating_sub(prefix.len() + digits.len()))),
        false => pad(format!("{prefix}{digits}"), mark),
    }
}

fn group(digits: &str) -> String {
    let (whole, fraction) = match digits.find('.') {
        Some(point) => digits.split_at(point),
        None => (digits, ""),
    };
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

fn float(mark: &Mark, number: f64, text: &str) -> String {
    if !number.is_finite() {
        let word = if number.is_nan() { "NaN" } else { "Infinity" };
        let sign = if number < 0.0 {
            "-"
        } else if mark.flags.contains('+') && !number.is_nan() {
            "+"
        } else {
            ""
        };
        return pad(format!("{sign}{word}"), mark);
    }
    let places = mark.precision.unwrap_or(6);
    let magnitude = number.abs();
    // Java rounds the digits that a number prints as, halves away from zero.
    let rounded =
        |places: usize| crate::hive::math::round_double(magnitude, places as i64, crate::hive::math::Mode::HalfUp);
    let exponential = |places: usize| {
        let printed = format!("{:.places$e}", magnitude);
        let (mantissa, exponent) = printed.split_once('e').unwrap_or((&printed, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.abs())
    };
    let digits = match mark.conversion.to_ascii_lowercase() {
        'f' => match text.contains(['E', 'e']) || text.len() < 16 {
            true => format!("{:.places$}", rounded(places)),
            false => exact(text.trim_start_matches('-'), places),
        },
        'e' => exponential(places),
        'a' => hexadecimal(magnitude),
        _ => {
            let significant = places.max(1);
            match magnitude {
                0.0 => format!("{:.*}", significant - 1, 0.0),
                magnitude if (1e-4..10f64.powi(significant as i32)).contains(&magnitude) => {
                    let before = (magnitude.log10().floor() as i64 + 1).max(1);
                    let places = (significant as i64 - before).max(0) as usize;
                    format!("{:.places$}", rounded(places))
                }
                _ => exponential(significant - 1),
            }
        }
    };
    signed(mark, number.is_sign_negative(), digits)
}

/// The digits of a decimal, rounded.
fn exact(text: &str, places: usize) -> String {
    match text.split_once('.') {
        Some((_, fraction)) if fraction.len() > places => {
            let number: f64 = text.parse().unwrap_or(0.0);
            format!(
                "{:.places$}",
                crate::hive::math::round_double(number, places as i64, crate::hive::math::Mode::HalfUp)
            )
        }
        Some((whole, fraction)) => {
            let point = if places == 0 { "" } else { "." };
            format!("{whole}{point}{fraction:0<places$}")
        }
        None if places == 0 => text.to_owned(),
        None => format!("{text}.{}", "0".repeat(places)),
    }
}

/// As Java's `Double.toHexString`: `0x1.8p3`.
fn hexadecimal(number: f64) -> String {
    if number == 0.0 {
        return "0x0.0p0".to_owned();
    }
    let bits = number.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = format!("{:013x}", bits & ((1 << 52) - 1));
    let fraction = match fraction.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    match exponent {
        0 => format!("0x0.{fraction}p-1022"),
        _ => format!("0x1.{fraction}p{}", exponent - 1023),
    }
}

/// Java's `hashCode` of a value.
fn java_hash(value: &Value, text: &str, row: usize) -> i32 {
    match (&value.data_type, value.whole.get(row), value.double.get(row)) {
        (DataType::Int8 | DataType::Int16 | DataType::Int32, Some(number), _) => number as i32,
        (DataType::Int64, Some(number), _) => (number ^ (number as u64 >> 32) as i64) as i32,
        (DataType::Float64, _, Some(number)) => (number.to_bits() ^ number.to_bits() >> 32) as i32,
        (DataType::Boolean, ..) => {
            if text == "true" {
                1231
            } else {
                1237
            }
        }
        _ => text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit))),
    }
}
