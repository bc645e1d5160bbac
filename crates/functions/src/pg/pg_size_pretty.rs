//! pg_size_pretty(bytes): a number of bytes with a unit.

use datafusion::logical_expr::{ScalarUDF, Volatility};

use super::call::{Builder, Parameter};

/// The units above bytes.
const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "pg_size_pretty",
        "pg_size_pretty(bytes)",
        "A number of bytes as people read it: bytes, kB, MB, GB, TB, PB.",
    )
    .form(&[Parameter::Oid])
    .argument("bytes", "The number of bytes.")
    .volatility(Volatility::Immutable)
    .body(|call| call.texts(|row| Ok(call.oid(0, row).map(pretty))))
}

/// Rounded half away from zero, in the first unit in which it is below 10240.
fn pretty(bytes: i64) -> String {
    if bytes.unsigned_abs() < 10 * 1024 {
        return format!("{bytes} bytes");
    }
    // From here on the size is counted in halves of the unit.
    let mut halves = bytes / (1 << 9);
    let mut units = UNITS.iter().peekable();
    let mut unit = units.next();
    while units.peek().is_some() && halves.unsigned_abs() >= 20 * 1024 - 1 {
        halves /= 1 << 10;
        unit = units.next();
    }
    format!("{} {}", (halves + halves.signum()) / 2, unit.copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn sizes_are_rounded_as_postgres_rounds_them() {
        assert_eq!(pretty(0), "0 bytes");
        assert_eq!(pretty(10239), "10239 bytes");
        assert_eq!(pretty(10240), "10 kB");
        assert_eq!(pretty(-10240), "-10 kB");
        assert_eq!(pretty(1_572_864), "1536 kB");
        assert_eq!(pretty(10_485_247), "10239 kB");
        assert_eq!(pretty(10_485_248), "10 MB");
        assert_eq!(pretty(i64::MAX), "8192 PB");
    }
}
