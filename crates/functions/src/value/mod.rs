//! Values of types that Arrow has no name for: text is read into them, and a field's metadata tells clients what they are.
//!
//! The parser writes `x::json` and `x::uuid` as calls of these functions.

mod input;
mod json_in;
mod uuid_in;

use datafusion::logical_expr::{DocSection, ScalarUDF};

pub use json_in::function as json_in;

/// The section of the reference in which these functions stand.
pub(crate) const SECTION: DocSection =
    DocSection { include: true, label: "Type functions", description: Some("What a cast to a type calls.") };

/// The family's functions, in alphabetical order.
pub(crate) fn functions() -> Vec<ScalarUDF> {
    vec![json_in::function(), uuid_in::function()]
}
