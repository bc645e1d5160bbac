//! `surrogate_key()`: numbers that no other call gives. Hive makes them of a transaction, a task and a row; here they are
//! taken from a clock that never stands still.

use std::sync::atomic::{AtomicI64, Ordering};

use datafusion::arrow::datatypes::Int64Type;
use datafusion::logical_expr::Volatility;

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind, bigint};

static SURROGATE_KEY: Definition = Definition {
    name: "surrogate_key",
    arguments: &[
        ("write_bits", Kind::Number, "Taken, but of no effect."),
        ("task_bits", Kind::Number, "Taken, but of no effect."),
    ],
    required: 0,
    result: bigint,
    run: |call| {
        let first = reserve(call.rows as i64);
        call.primitives::<Int64Type>(|row| Some(first + row as i64))
    },
    section: &SECTION,
    description: "A number that no other row and no other call has.",
    example: "SELECT surrogate_key(), x FROM t;",
    volatility: Volatility::Volatile,
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&SURROGATE_KEY];

/// The first of so many numbers, which are nobody else's. There are 256 for each microsecond since 2020.
fn reserve(count: i64) -> i64 {
    static NEXT: AtomicI64 = AtomicI64::new(0);
    const BEGIN_MICROS: i64 = 1_577_836_800_000_000;
    let clock = (chrono::Utc::now().timestamp_micros() - BEGIN_MICROS).max(0) << 8;
    let take = |next: i64| next.max(clock).wrapping_add(count);
    match NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| Some(take(next))) {
        Ok(next) | Err(next) => next.max(clock),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_is_given_twice() {
        let mut last = reserve(10) + 9;
        for _ in 0..1000 {
            let next = reserve(1000);
            assert!(next > last);
            last = next + 999;
        }
    }
}
