//! Values as Java prints them, which is what stands in Hive's text files.

use std::fmt::Write;

/// Days since 1970 as `yyyy-MM-dd`.
pub fn date_text(days: i32) -> String {
    let (year, month, day) = civil(i64::from(days));
    format!("{}-{month:02}-{day:02}", year_text(year))
}

/// Microseconds since 1970 as `yyyy-MM-dd HH:mm:ss[.f…]`.
pub fn timestamp_text(micros: i64) -> String {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let mut text = format!(
        "{}-{month:02}-{day:02} {:02}:{:02}:{:02}",
        year_text(year),
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    if fraction != 0 {
        let _ = write!(text, ".{}", format!("{fraction:06}").trim_end_matches('0'));
    }
    text
}

fn year_text(year: i64) -> String {
    if year < 0 { format!("-{:04}", -year) } else { format!("{year:04}") }
}

/// As `Double.toString`.
pub fn double_text(value: f64) -> String {
    java(value.abs(), value.is_sign_negative(), value.is_nan(), value.is_infinite(), format!("{:e}", value.abs()))
}

/// As `Float.toString`.
pub fn float_text(value: f32) -> String {
    let positive = value.abs();
    java(f64::from(positive), value.is_sign_negative(), value.is_nan(), value.is_infinite(), format!("{positive:e}"))
}

/// `shortest` is the value's fewest digits in Rust's form with an exponent.
fn java(value: f64, negative: bool, nan: bool, infinite: bool, shortest: String) -> String {
    if nan {
        return "NaN".to_owned();
    }
    let sign = if negative { "-" } else { "" };
    if infinite {
        return format!("{sign}Infinity");
    }
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value != 0.0 && !(1e-3..1e7).contains(&value) {
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { "0" } else { rest };
        return format!("{sign}{first}.{rest}E{exponent}");
    }
    let point = exponent + 1;
    let text = match usize::try_from(point) {
        Ok(point) if point >= digits.len() => format!("{digits}{}.0", "0".repeat(point - digits.len())),
        Ok(point) if point > 0 => format!("{}.{}", &digits[..point], &digits[point..]),
        _ => format!("0.{}{digits}", "0".repeat(usize::try_from(-point).unwrap_or(0))),
    };
    format!("{sign}{text}")
}

/// Year, month and day of a number of days since 1970 (<https://howardhinnant.github.io/date_algorithms.html>).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The days since 1970 of a date, if there is such a day.
pub(crate) fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_java_prints_them() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.001, "0.001"),
            (0.0001, "1.0E-4"),
            (1234567.0, "1234567.0"),
            (1e7, "1.0E7"),
            (-12345678.9, "-1.23456789E7"),
            (123.456, "123.456"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(double_text(value), text);
        }
        assert_eq!(float_text(3.4e38), "3.4E38");
        assert_eq!(float_text(0.1), "0.1");
    }

    #[test]
    fn dates_come_back() {
        for day in [-719_162, -1, 0, 59, 11_016, 2_932_896] {
            let (year, month, of_month) = civil(day);
            assert_eq!(days(year, month, of_month), Some(day));
        }
        assert_eq!(date_text(-719_162), "0001-01-01");
        assert_eq!(timestamp_text(-1), "1969-12-31 23:59:59.999999");
        assert_eq!(timestamp_text(1_500_000), "1970-01-01 00:00:01.5");
        assert_eq!(days(2023, 2, 29), None);
    }
}
