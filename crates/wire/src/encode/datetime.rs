//! date, time, timestamp and timestamptz, within Postgres's range: 4713 BC to the year 294276 (dates: 5874897).
//!
//! Arrow has no infinite dates; the largest and the smallest value stand for them, as they do in Postgres's own format.

use bytes::{BufMut, BytesMut};
use mead_common::{Diagnostic, sqlstate};

use crate::calendar::{self, DATES_END, FIRST_DAY, MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND, Zone};
use crate::types::{POSTGRES_EPOCH_DAYS, POSTGRES_EPOCH_MICROSECONDS};

const MILLISECONDS_PER_DAY: i64 = 86_400_000;

/// The day of a Date64, which counts milliseconds.
pub(super) fn days_of(milliseconds: i64) -> Result<i32, Diagnostic> {
    i32::try_from(milliseconds.div_euclid(MILLISECONDS_PER_DAY)).map_err(|_| date_out_of_range())
}

pub(super) fn put_date_text(days: i32, out: &mut BytesMut) -> Result<(), Diagnostic> {
    match days {
        i32::MAX => out.put_slice(b"infinity"),
        i32::MIN => out.put_slice(b"-infinity"),
        days => {
            check_date(days)?;
            if calendar::put_date(days.into(), out) {
                out.put_slice(b" BC");
            }
        }
    }
    Ok(())
}

pub(super) fn put_date_binary(days: i32, out: &mut BytesMut) -> Result<(), Diagnostic> {
    match days {
        i32::MAX | i32::MIN => out.put_i32(days),
        days => {
            check_date(days)?;
            out.put_i32(days - POSTGRES_EPOCH_DAYS);
        }
    }
    Ok(())
}

pub(super) fn put_time_text(microseconds: i64, out: &mut BytesMut) -> Result<(), Diagnostic> {
    if !(0..=MICROSECONDS_PER_DAY).contains(&microseconds) {
        return Err(Diagnostic::new(sqlstate::DATETIME_FIELD_OVERFLOW, "time out of range"));
    }
    calendar::put_time(microseconds, out);
    Ok(())
}

/// With a zone the local time and its offset, as for timestamptz.
pub(super) fn put_timestamp_text(microseconds: i64, zone: Option<Zone>, out: &mut BytesMut) -> Result<(), Diagnostic> {
    match microseconds {
        i64::MAX => out.put_slice(b"infinity"),
        i64::MIN => out.put_slice(b"-infinity"),
        microseconds => {
            check_timestamp(microseconds)?;
            let offset = zone.map(|zone| zone.offset_at(microseconds));
            let local = microseconds
                .checked_add(i64::from(offset.unwrap_or(0)) * MICROSECONDS_PER_SECOND)
                .ok_or_else(timestamp_out_of_range)?;
            let before_christ = calendar::put_date(local.div_euclid(MICROSECONDS_PER_DAY), out);
            out.put_u8(b' ');
            calendar::put_time(local.rem_euclid(MICROSECONDS_PER_DAY), out);
            if let Some(offset) = offset {
                calendar::put_offset(offset, out);
            }
            if before_christ {
                out.put_slice(b" BC");
            }
        }
    }
    Ok(())
}

pub(super) fn put_timestamp_binary(microseconds: i64, out: &mut BytesMut) -> Result<(), Diagnostic> {
    match microseconds {
        i64::MAX | i64::MIN => out.put_i64(microseconds),
        microseconds => {
            check_timestamp(microseconds)?;
            out.put_i64(microseconds - POSTGRES_EPOCH_MICROSECONDS);
        }
    }
    Ok(())
}

fn check_date(days: i32) -> Result<(), Diagnostic> {
    if (FIRST_DAY..DATES_END).contains(&i64::from(days)) { Ok(()) } else { Err(date_out_of_range()) }
}

/// Counted from 1970, 64 bits end before Postgres's last year: only the first day needs a look.
fn check_timestamp(microseconds: i64) -> Result<(), Diagnostic> {
    if microseconds >= FIRST_DAY * MICROSECONDS_PER_DAY { Ok(()) } else { Err(timestamp_out_of_range()) }
}

fn date_out_of_range() -> Diagnostic {
    Diagnostic::new(sqlstate::DATETIME_FIELD_OVERFLOW, "date out of range")
}

pub(super) fn timestamp_out_of_range() -> Diagnostic {
    Diagnostic::new(sqlstate::DATETIME_FIELD_OVERFLOW, "timestamp out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_postgres_own() {
        assert_eq!(calendar::civil_of_days(FIRST_DAY), (-4713, 11, 24));
        assert_eq!(calendar::civil_of_days(DATES_END), (5_874_898, 1, 1));
        let mut out = BytesMut::new();
        put_date_text(FIRST_DAY as i32, &mut out).unwrap();
        assert_eq!(&out[..], b"4714-11-24 BC");
        assert!(put_date_text(FIRST_DAY as i32 - 1, &mut out).is_err());
        assert!(put_date_binary(i32::MAX - 1, &mut out).is_err());
        assert!(put_timestamp_binary(i64::MIN + 1, &mut out).is_err());
    }
}
