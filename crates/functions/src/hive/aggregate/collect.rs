//! `collect_list(x)`, `collect_set(x)`.

use std::collections::HashSet;

use datafusion::arrow::array::UInt32Array;
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::DataType;

use super::gathered::{BASE, Gathered, list_value};
use crate::hive::collection::keys;
use crate::hive::definition::Kind;

static COLLECT_LIST: Gathered = Gathered {
    name: "collect_list",
    aliases: &["array_agg"],
    arguments: &[("value", Kind::Any, "A value.")],
    result: |types, _| Some(DataType::new_list(types.first()?.clone(), true)),
    evaluate: |group| list_value(group.column(0)?),
    description: "An array of the values.",
    example: "SELECT collect_list(x) FROM t;",
    ..BASE
};

static COLLECT_SET: Gathered = Gathered {
    name: "collect_set",
    arguments: &[("value", Kind::Any, "A value.")],
    result: |types, _| Some(DataType::new_list(types.first()?.clone(), true)),
    evaluate: |group| {
        let values = group.column(0)?;
        let rows = keys(&values)?;
        let mut known = HashSet::new();
        let kept = (0..rows.num_rows()).filter(|row| known.insert(rows.row(*row))).map(|row| row as u32);
        let kept = UInt32Array::from_iter_values(kept);
        list_value(take(&values, &kept, None)?)
    },
    description: "An array of the values, each once.",
    example: "SELECT collect_set(x) FROM t;",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Gathered] = &[&COLLECT_LIST, &COLLECT_SET];
