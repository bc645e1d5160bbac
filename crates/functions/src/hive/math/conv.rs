//! `conv(number, from, to)`: a number's digits of another base.

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, text};

static CONV: Definition = Definition {
    name: "conv",
    arguments: &[
        ("number", Kind::Primitive, "The digits; what follows the first that is none is passed over."),
        ("from", Kind::Number, "Their base, from 2 to 36; a negative one says the same."),
        ("to", Kind::Number, "The base wanted, from 2 to 36; if it is negative, the result is signed."),
    ],
    result: text,
    run,
    section: &SECTION,
    description: "A number's digits of another base. Numbers have 64 bits; larger ones count as the largest.",
    example: "SELECT conv('100', 2, 10), conv(-10, 16, -10); -- 4, -16",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&CONV];

fn run(call: &Call) -> Result<ArrayRef> {
    let (digits, from, to) = (call.text(0)?, call.whole(1)?, call.whole(2)?);
    call.texts(|row| conv(digits.get(row)?, from.get(row)?, to.get(row)?))
}

fn conv(text: &str, from: i64, to: i64) -> Option<String> {
    let base = |base: i64| u32::try_from(base.unsigned_abs()).ok().filter(|base| (2..=36).contains(base));
    let (from, radix) = (base(from)?, base(to)?);
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let mut value: u64 = 0;
    for digit in digits.chars().map_while(|character| character.to_digit(from)) {
        value = value
            .checked_mul(u64::from(from))
            .and_then(|value| value.checked_add(u64::from(digit)))
            .unwrap_or(u64::MAX);
        if value == u64::MAX {
            break;
        }
    }
    if digits.chars().next().is_none_or(|first| first.to_digit(from).is_none()) && text.is_empty() {
        return None;
    }
    if negative {
        // A magnitude beyond 63 bits stands for the largest of 64.
        value = if to > 0 && value > i64::MAX as u64 { u64::MAX } else { value.wrapping_neg() };
    }
    let sign = to < 0 && (value as i64) < 0;
    let mut rest = if sign { value.wrapping_neg() } else { value };
    let mut result = Vec::new();
    while rest > 0 || result.is_empty() {
        result.push(char::from_digit((rest % u64::from(radix)) as u32, radix)?.to_ascii_uppercase());
        rest /= u64::from(radix);
    }
    if sign {
        result.push('-');
    }
    Some(result.into_iter().rev().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_change_their_base() {
        for (text, from, to, expected) in [
            ("4521", 10, 36, Some("3HL")),
            ("22", 10, 10, Some("22")),
            ("110011", 2, 16, Some("33")),
            ("facebook", 36, 16, Some("116ED2B2FB4")),
            ("-641", 10, -10, Some("-641")),
            ("-641", 10, 10, Some("18446744073709550975")),
            ("-15", 10, 16, Some("FFFFFFFFFFFFFFF1")),
            ("99999999999999999999", 10, 16, Some("FFFFFFFFFFFFFFFF")),
            ("12x3", 10, 10, Some("12")),
            ("x", 10, 10, Some("0")),
            ("", 10, 10, None),
            ("1", 1, 10, None),
            ("1", 10, 37, None),
        ] {
            assert_eq!(conv(text, from, to).as_deref(), expected, "{text} {from} {to}");
        }
    }
}
