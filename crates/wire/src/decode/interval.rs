//! interval: in binary microseconds, days and months.

use arrow::datatypes::IntervalMonthDayNano;
use mead_common::{Diagnostic, sqlstate, text};

use super::Context;

pub(super) fn binary(bytes: &[u8], context: &Context) -> Result<IntervalMonthDayNano, Diagnostic> {
    let bytes: [u8; 16] = context.fixed(bytes)?;
    let [microseconds @ .., d0, d1, d2, d3, m0, m1, m2, m3] = bytes;
    let nanoseconds = i64::from_be_bytes(microseconds)
        .checked_mul(1_000)
        .ok_or_else(|| Diagnostic::new(sqlstate::DATETIME_FIELD_OVERFLOW, "interval out of range"))?;
    let (days, months) = (i32::from_be_bytes([d0, d1, d2, d3]), i32::from_be_bytes([m0, m1, m2, m3]));
    Ok(IntervalMonthDayNano { months, days, nanoseconds })
}

pub(super) fn text(bytes: &[u8], context: &Context) -> Result<IntervalMonthDayNano, Diagnostic> {
    let text::Interval { months, days, nanoseconds } = text::interval(context.text(bytes)?)?;
    Ok(IntervalMonthDayNano { months, days, nanoseconds })
}
