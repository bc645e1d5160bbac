//! Functions of dates and timestamps. Text is read as `yyyy-MM-dd` or `yyyy-MM-dd HH:mm:ss`; what is none is NULL.

mod add;
mod add_months;
mod convert;
mod current;
mod floor;
mod from_unixtime;
mod last_day;
mod months_between;
mod next_day;
mod parts;
pub(crate) mod pattern;
mod to_date;
mod trunc;
mod unix_timestamp;
mod utc;

use std::sync::Arc;

use datafusion::logical_expr::{DocSection, ScalarUDF};
use mead_common::Dialect;

use super::definition::Definition;

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Hive date functions",
    description: Some(
        "Text is read as `yyyy-MM-dd` or `yyyy-MM-dd HH:mm:ss`; what is none is NULL. Patterns are those of Java: of \
         `SimpleDateFormat` in hive, of `DateTimeFormatter` in spark.",
    ),
};

pub(super) fn definitions(dialect: Dialect) -> Vec<&'static Definition> {
    let both = [
        add::FUNCTIONS,
        add_months::FUNCTIONS,
        convert::FUNCTIONS,
        floor::FUNCTIONS,
        from_unixtime::FUNCTIONS,
        last_day::FUNCTIONS,
        months_between::FUNCTIONS,
        next_day::FUNCTIONS,
        parts::FUNCTIONS,
        to_date::FUNCTIONS,
        trunc::FUNCTIONS,
        unix_timestamp::FUNCTIONS,
        utc::FUNCTIONS,
    ]
    .concat();
    match dialect {
        Dialect::Spark => [both, convert::SPARK.to_vec(), to_date::SPARK.to_vec(), trunc::SPARK.to_vec()].concat(),
        _ => both,
    }
}

/// Those that answer with the moment at which the statement began.
pub(super) fn current() -> Vec<Arc<ScalarUDF>> {
    current::functions()
}
