//! Functions of arrays, maps and structs.

mod append;
mod arrays_zip;
mod construct;
mod contains;
mod element;
mod entries;
mod extreme;
mod join;
mod list_column;
mod lists;
mod map_column;
mod repeat;
mod reshape;
mod sequence;
mod sets;
mod size;
mod slice;
mod sort;
mod str_to_map;

use datafusion::logical_expr::DocSection;
use mead_common::Dialect;

use super::definition::Definition;

pub(super) use list_column::{item_of, keys, to_list};
pub(super) use lists::Lists;
pub(super) use map_column::{build_map, entry_types, map_type};

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Hive collection functions",
    description: Some("Of arrays, maps and structs. Of NULL they are NULL, if nothing else is said."),
};

pub(super) fn definitions(dialect: Dialect) -> Vec<&'static Definition> {
    let both = [
        construct::FUNCTIONS,
        contains::FUNCTIONS,
        element::FUNCTIONS,
        entries::FUNCTIONS,
        reshape::FUNCTIONS,
        size::FUNCTIONS,
        sort::FUNCTIONS,
        str_to_map::FUNCTIONS,
    ];
    let spark = [
        append::SPARK,
        arrays_zip::SPARK,
        contains::SPARK,
        element::SPARK,
        entries::SPARK,
        extreme::SPARK,
        join::SPARK,
        repeat::SPARK,
        reshape::SPARK,
        sequence::SPARK,
        sets::SPARK,
        size::SPARK,
        slice::SPARK,
        sort::SPARK,
    ];
    match dialect {
        Dialect::Spark => [both.concat(), spark.concat()].concat(),
        _ => both.concat(),
    }
}
