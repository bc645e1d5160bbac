//! Functions of numbers.

mod abs;
mod attempt;
mod bits;
mod conv;
mod elementary;
mod factorial;
mod hex;
mod modulo;
mod rand;
mod round;
mod sign;
mod width_bucket;

use datafusion::logical_expr::DocSection;
use mead_common::Dialect;

use super::definition::Definition;

pub(super) use hex::lower;
pub(super) use rand::JavaRandom;
pub(super) use round::{Mode, round_double, to_places, with_places};

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Hive mathematical functions",
    description: Some("Text is read as a number; what is none is NULL."),
};

pub(super) fn definitions(dialect: Dialect) -> Vec<&'static Definition> {
    let both = [
        abs::FUNCTIONS,
        bits::FUNCTIONS,
        conv::FUNCTIONS,
        elementary::FUNCTIONS,
        factorial::FUNCTIONS,
        hex::FUNCTIONS,
        modulo::FUNCTIONS,
        rand::FUNCTIONS,
        round::FUNCTIONS,
        sign::FUNCTIONS,
        width_bucket::FUNCTIONS,
    ]
    .concat();
    match dialect {
        Dialect::Spark => [both, attempt::SPARK.to_vec(), elementary::SPARK.to_vec()].concat(),
        _ => both,
    }
}
