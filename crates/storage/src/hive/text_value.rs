//! Simple values from their text, as LazySimpleSerDe reads them: what is no value of the type is NULL.

use datafusion::arrow::datatypes::{Decimal128Type, DecimalType};

use super::java_text::days;

/// A whole number. A fraction behind it is passed over, as Hive does.
pub(super) fn whole(text: &str) -> Option<i64> {
    let (digits, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// As Java's `Double.parseDouble`.
pub(super) fn double(text: &str) -> Option<f64> {
    let text = text.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned {
        "NaN" => return Some(f64::NAN),
        "Infinity" => return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }),
        _ => {}
    }
    let number = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let begins = unsigned.bytes().next().is_some_and(|byte| byte.is_ascii_digit() || byte == b'.');
    if begins { number.parse().ok() } else { None }
}

pub(super) fn boolean(text: &str, extended: bool) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    } else if text.eq_ignore_ascii_case("false") {
        return Some(false);
    }
    match text {
        "t" | "T" | "1" if extended => Some(true),
        "f" | "F" | "0" if extended => Some(false),
        _ => None,
    }
}

/// Days since 1970 of `yyyy-M-d`; a time behind it is passed over.
pub(super) fn date(text: &str) -> Option<i32> {
    let text = text.trim();
    let text = text.split([' ', 'T']).next().unwrap_or(text);
    let (days, rest) = date_part(text)?;
    if rest.is_empty() { i32::try_from(days).ok() } else { None }
}

fn date_part(text: &str) -> Option<(i64, &str)> {
    let (sign, unsigned) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (year, rest) = number(unsigned, 1, 9)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 1, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 1, 2)?;
    Some((days(sign * year, month, day)?, rest))
}

/// Microseconds since 1970 of `yyyy-M-d[ H:m:s[.f]]`.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    let (days, rest) = date_part(text)?;
    let midnight = days.checked_mul(86_400_000_000)?;
    if rest.is_empty() {
        return Some(midnight);
    }
    let rest = rest.strip_prefix([' ', 'T'])?;
    let (hour, rest) = number(rest, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 1, 2)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => number(rest, 1, 2)?,
        None => (0, rest),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut micros = ((hour * 60 + minute) * 60 + second) * 1_000_000;
    if let Some(fraction) = rest.strip_prefix('.') {
        let all = fraction.bytes().all(|byte| byte.is_ascii_digit());
        if !all || fraction.len() > 9 {
            return None;
        }
        let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
        micros += digits.parse::<i64>().ok()?;
    } else if !rest.is_empty() && rest != "Z" {
        return None;
    }
    midnight.checked_add(micros)
}

fn number(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if length < least {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// A decimal of this precision and scale; further digits are rounded half up, and what does not fit is NULL.
pub(super) fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let text = text.trim();
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, unsigned) = match number.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    if !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = || whole.bytes().chain(fraction.bytes());
    let Some(zeros) = digits().position(|digit| digit != b'0') else { return Some(0) };
    // The place of the last digit that counts, from the first.
    let kept = i64::try_from(whole.len()).ok()? + i64::from(exponent) + i64::from(scale);
    let mut value: i128 = 0;
    if let Ok(kept) = usize::try_from(kept) {
        // An exponent asks for as many digits as it likes.
        let count = kept.saturating_sub(zeros);
        if count > 38 {
            return None;
        }
        for digit in digits().skip(zeros).chain(std::iter::repeat(b'0')).take(count) {
            value = value * 10 + i128::from(digit - b'0');
        }
        if digits().nth(kept).is_some_and(|digit| digit >= b'5') {
            value += 1;
        }
    }
    let limit = 10_i128.checked_pow(u32::from(precision))?;
    if value >= limit {
        return None;
    }
    Some(if negative { -value } else { value })
}

/// The text of a decimal with all digits of its scale.
pub(super) fn decimal_text(value: i128, scale: i8) -> String {
    Decimal128Type::format_decimal(value, 38, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_values() {
        assert_eq!(whole("-12.9"), Some(-12));
        assert_eq!(whole(" 12"), None);
        assert_eq!(whole("1e3"), None);
        assert_eq!(double(" 1.5 "), Some(1.5));
        assert_eq!(double("inf"), None);
        assert_eq!(boolean("True", false), Some(true));
        assert_eq!(boolean("1", false), None);
        assert_eq!(date("1970-1-2"), Some(1));
        assert_eq!(date("1970-02-30"), None);
        assert_eq!(timestamp("1970-01-01 00:00:01.25"), Some(1_250_000));
        assert_eq!(timestamp("nope"), None);
    }

    #[test]
    fn decimals_are_rounded() {
        assert_eq!(decimal("1.005", 5, 2), Some(101));
        assert_eq!(decimal("-0.5", 5, 0), Some(-1));
        assert_eq!(decimal("1234", 3, 0), None);
        assert_eq!(decimal("1.5e2", 5, 1), Some(1500));
        assert_eq!(decimal("0.004", 5, 2), Some(0));
        assert_eq!(decimal("x", 5, 2), None);
        assert_eq!(decimal("0.00123e3", 5, 2), Some(123));
        assert_eq!(decimal("00012", 2, 0), Some(12));
        assert_eq!(decimal("99999999999999999999999999999999999999.5", 38, 0), None);
    }

    #[test]
    fn an_exponent_costs_no_more_than_its_digits() {
        assert_eq!(decimal("1e2000000000", 10, 2), None);
        assert_eq!(decimal("0e2000000000", 10, 2), Some(0));
        assert_eq!(decimal("9e-2000000000", 10, 2), Some(0));
        assert_eq!(decimal_text(1500, 3), "1.500");
        assert_eq!(decimal_text(-100, 0), "-100");
    }
}
