//! Spark's `max_by(x, y)`, `min_by(x, y)` and `mode(x)`.

use std::collections::HashMap;

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;

use super::gathered::{BASE, Gathered, Group};
use crate::hive::collection::keys;
use crate::hive::definition::Kind;

const ARGUMENTS: &[(&str, Kind, &str)] =
    &[("value", Kind::Any, "What is taken."), ("order", Kind::Any, "What settles from which row.")];

static MAX_BY: Gathered = Gathered {
    name: "max_by",
    arguments: ARGUMENTS,
    result: |types, _| types.first().cloned(),
    known: Some(1),
    reduce: Some(|columns| best(columns, true)),
    evaluate: |group| chosen(group, true),
    description: "The value in the row in which another is greatest.",
    example: "SELECT max_by(name, age) FROM people;",
    ..BASE
};

static MIN_BY: Gathered = Gathered {
    name: "min_by",
    arguments: ARGUMENTS,
    result: |types, _| types.first().cloned(),
    known: Some(1),
    reduce: Some(|columns| best(columns, false)),
    evaluate: |group| chosen(group, false),
    description: "The value in the row in which another is least.",
    example: "SELECT min_by(name, age) FROM people;",
    ..BASE
};

static MODE: Gathered = Gathered {
    name: "mode",
    arguments: &[("value", Kind::Any, "A value.")],
    result: |types, _| types.first().cloned(),
    evaluate: |group| {
        let values = group.column(0)?;
        let rows = keys(&values)?;
        let mut counts = HashMap::new();
        for row in 0..rows.num_rows() {
            let (_, count) = counts.entry(rows.row(row)).or_insert((row, 0_u64));
            *count += 1;
        }
        // Of several the one that came first.
        let most = counts.values().max_by_key(|(first, count)| (*count, std::cmp::Reverse(*first)));
        match most {
            Some((row, _)) => ScalarValue::try_from_array(&values, *row),
            None => group.null(),
        }
    },
    description: "The value that comes most often.",
    example: "SELECT mode(x) FROM t;",
    ..BASE
};

pub(super) static SPARK: &[&Gathered] = &[&MAX_BY, &MIN_BY, &MODE];

fn best(columns: &[ArrayRef], greatest: bool) -> Result<Vec<u32>> {
    let Some(order) = columns.get(1).filter(|order| !order.is_empty()) else { return Ok(Vec::new()) };
    let rows = keys(order)?;
    let places = 0..rows.num_rows();
    let found = match greatest {
        true => places.max_by(|left, right| rows.row(*left).cmp(&rows.row(*right))),
        false => places.rev().min_by(|left, right| rows.row(*left).cmp(&rows.row(*right))),
    };
    Ok(found.map(|row| row as u32).into_iter().collect())
}

fn chosen(group: &Group, greatest: bool) -> Result<ScalarValue> {
    let columns = [group.column(0)?, group.column(1)?];
    match best(&columns, greatest)?.first() {
        Some(row) => ScalarValue::try_from_array(&columns[0], *row as usize),
        None => group.null(),
    }
}
