//! `format_number(x, places)`: a number as it is printed in English.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};
use crate::types::is_text;

static FORMAT_NUMBER: Definition = Definition {
    name: "format_number",
    arguments: &[
        ("x", Kind::Number, "A number."),
        ("places", Kind::Primitive, "How many digits stand behind the point, or a pattern of `#`, `0`, `,` and `.`."),
    ],
    run,
    section: &SECTION,
    description: "A number with commas between thousands, rounded to so many places; halves go to the even digit.",
    example: "SELECT format_number(12332.123456, 4); -- 12,332.1235",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&FORMAT_NUMBER];

fn run(call: &Call) -> Result<ArrayRef> {
    let numbers = call.double(0)?;
    // Digits of whole numbers and decimals are all kept; those of a double are its value's.
    let exact = match call.data_type(0) {
        data_type if data_type.is_integer() => Some(call.text(0)?),
        DataType::Decimal128(..) | DataType::Decimal256(..) => Some(call.text(0)?),
        _ => None,
    };
    let digits = |row: usize, places: usize| {
        let number = numbers.get(row)?;
        if !number.is_finite() {
            return Some(if number.is_nan() {
                "NaN".to_owned()
            } else {
                format!("{}∞", if number < 0.0 { "-" } else { "" })
            });
        }
        Some(match &exact {
            Some(exact) => round_digits(exact.get(row)?, places),
            None => format!("{number:.places$}"),
        })
    };
    if is_text(&call.data_type(1)) {
        let patterns = call.text(1)?;
        return call.try_texts(|row| {
            let Some(pattern) = patterns.get(row) else { return Ok(None) };
            let pattern =
                Pattern::new(pattern).ok_or_else(|| call.unsupported(format!("number pattern \"{pattern}\"")))?;
            Ok(digits(row, pattern.places).map(|digits| pattern.format(&digits)))
        });
    }
    let places = call.whole(1)?;
    call.texts(|row| {
        let places = usize::try_from(places.get(row)?).ok()?.min(340);
        let pattern = Pattern { grouped: true, whole: 1, fraction: places, places };
        Some(pattern.format(&digits(row, places)?))
    })
}

struct Pattern {
    grouped: bool,
    /// The fewest digits before and behind the point, and the most behind it.
    whole: usize,
    fraction: usize,
    places: usize,
}

impl Pattern {
    fn new(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self { grouped: true, whole: 1, fraction: 0, places: 3 });
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fits = |part: &str, known: &str| part.chars().all(|character| known.contains(character));
        if !fits(whole, "#0,") || !fits(fraction, "#0") || fraction.len() > 340 {
            return None;
        }
        Some(Self {
            grouped: whole.contains(','),
            whole: whole.matches('0').count(),
            fraction: fraction.matches('0').count(),
            places: fraction.len(),
        })
    }

    fn format(&self, digits: &str) -> String {
        let (sign, digits) = match digits.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", digits),
        };
        if !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return format!("{sign}{digits}");
        }
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole = whole.trim_start_matches('0');
        let whole = format!("{}{whole}", "0".repeat(self.whole.saturating_sub(whole.len())));
        let mut fraction = fraction;
        while fraction.len() > self.fraction && fraction.ends_with('0') {
            fraction = &fraction[..fraction.len() - 1];
        }
        let mut grouped = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if self.grouped && index > 0 && (whole.len() - index) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{grouped}{point}{fraction}")
    }
}

/// The digits of a number, rounded to so many places; halves go to the even digit.
fn round_digits(text: &str, places: usize) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() <= places {
        let point = if places == 0 { "" } else { "." };
        return format!("{sign}{whole}{point}{fraction:0<places$}");
    }
    let (kept, cut) = fraction.split_at(places);
    let mut number: Vec<u8> = format!("{whole}{kept}").into_bytes();
    let odd = number.last().is_some_and(|digit| digit % 2 == 1);
    let half = cut.starts_with('5') && cut[1..].bytes().all(|digit| digit == b'0');
    let up = if half { odd } else { cut.as_bytes()[0] >= b'5' };
    if up {
        let mut place = number.len();
        loop {
            if place == 0 {
                number.insert(0, b'1');
                break;
            }
            place -= 1;
            if number[place] < b'9' {
                number[place] += 1;
                break;
            }
            number[place] = b'0';
        }
    }
    let number = String::from_utf8_lossy(&number).into_owned();
    let (whole, fraction) = number.split_at(number.len() - places);
    let point = if places == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_rounded_and_grouped() {
        let number = |text: &str, places| {
            Pattern { grouped: true, whole: 1, fraction: places, places }.format(&round_digits(text, places))
        };
        assert_eq!(number("12332.123456", 4), "12,332.1235");
        assert_eq!(number("12332.1", 4), "12,332.1000");
        assert_eq!(number("12332.5", 0), "12,332");
        assert_eq!(number("12333.5", 0), "12,334");
        assert_eq!(number("-999.96", 1), "-1,000.0");
        assert_eq!(number("0.5", 1), "0.5");
        assert_eq!(Pattern::new("##################.###").unwrap().format("12332.123"), "12332.123");
        assert_eq!(Pattern::new("#,##0.00").unwrap().format("0.50"), "0.50");
        assert!(Pattern::new("x").is_none());
    }
}
