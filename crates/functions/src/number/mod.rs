//! Functions of numbers and of bytes that DataFusion has too, with the results that PostgreSQL gives.

mod length;
mod places;
mod rounding;

use datafusion::logical_expr::{DocSection, ScalarUDF};

pub use rounding::freeze_places;

/// The section of the reference in which these functions stand.
pub(crate) const SECTION: DocSection = DocSection {
    include: true,
    label: "Mathematical functions",
    description: Some("Those of DataFusion whose results differ for numeric or bytea."),
};

/// The family's functions, by name.
pub(crate) fn functions() -> Vec<ScalarUDF> {
    [length::functions(), rounding::functions()].concat()
}
