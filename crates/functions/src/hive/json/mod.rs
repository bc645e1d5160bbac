//! Functions of JSON.

mod from_json;
mod get_json_object;
mod keys;
mod schema;
mod to_json;
mod value;

use datafusion::logical_expr::DocSection;
use mead_common::Dialect;

use super::definition::Definition;

pub(super) use value::Json;

pub(super) const SECTION: DocSection =
    DocSection { include: true, label: "Hive JSON functions", description: Some("What is no JSON is NULL.") };

pub(super) fn definitions(dialect: Dialect) -> Vec<&'static Definition> {
    match dialect {
        Dialect::Spark => [from_json::SPARK, get_json_object::FUNCTIONS, keys::SPARK, to_json::SPARK].concat(),
        _ => get_json_object::FUNCTIONS.to_vec(),
    }
}
