//! Functions that choose between values.

mod assert_true;
mod branch;
mod decode;
mod extreme;
mod null;
mod select;
mod truth;

use datafusion::logical_expr::DocSection;
use mead_common::Dialect;

use super::definition::Definition;

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Hive conditional functions",
    description: Some("The values that are chosen from become values of the type that they have in common."),
};

pub(super) fn definitions(dialect: Dialect) -> Vec<&'static Definition> {
    let both =
        [assert_true::FUNCTIONS, branch::FUNCTIONS, extreme::FUNCTIONS, null::FUNCTIONS, truth::FUNCTIONS].concat();
    match dialect {
        Dialect::Spark => [both, assert_true::SPARK.to_vec(), decode::SPARK.to_vec()].concat(),
        _ => both,
    }
}
