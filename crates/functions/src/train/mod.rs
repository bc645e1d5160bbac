//! TRAIN_… functions: aggregates that return a MODEL.
//!
//! Here they are only described and checked. The engine lifts each out of its aggregation into `TrainExec`, which alone
//! trains; where that is not possible the call is refused.

mod label;
mod options;
mod train_cnn;
mod trainer;

use datafusion::logical_expr::{AggregateUDF, DocSection};

pub use options::{options, options_of};
pub use trainer::is_train;

/// The section of the reference in which these functions stand.
pub(crate) const SECTION: DocSection = DocSection {
    include: true,
    label: "Training functions",
    description: Some(
        "Aggregates that train a model on the rows of their group and return it as a MODEL. The rows are chosen by WHERE, \
         JOIN and sampling; GROUP BY trains a model for each group; CREATE MODEL keeps one under a name.",
    ),
};

/// The family's functions, in alphabetical order.
pub(crate) fn functions() -> Vec<AggregateUDF> {
    vec![train_cnn::function()]
}
