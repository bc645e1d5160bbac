//! `sort_array`, Hive's `sort_array_by`, and Spark's `array_sort`.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::{Diagnostic, sqlstate};

use super::SECTION;
use super::list_column::{ListColumn, Picked, item_of, keys};
use crate::error::external;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

const ARRAY: (&str, Kind, &str) = ("array", Kind::List, "An array.");

static SORT_ARRAY: Definition = Definition {
    name: "sort_array",
    arguments: &[ARRAY, ("ascending", Kind::Boolean, "Whether small values come first, which is the default.")],
    required: 1,
    result: same,
    run: |call| {
        let (lists, ascending) = (ListColumn::read(call, 0)?, call.boolean(1)?);
        let rows = keys(lists.values())?;
        sorted(call, &lists, |row, left, right| {
            let order = rows.row(left).cmp(&rows.row(right));
            if ascending.get(row) == Some(false) { order.reverse() } else { order }
        })
    },
    section: &SECTION,
    description: "The elements in order. NULLs are less than all else.",
    example: "SELECT sort_array(array(3, 1, 2)); -- [1,2,3]",
    ..BASE
};

static ARRAY_SORT: Definition = Definition {
    name: "array_sort",
    arguments: &[ARRAY],
    result: same,
    run: |call| {
        let lists = ListColumn::read(call, 0)?;
        let rows = keys(lists.values())?;
        let nulls = lists.values().logical_nulls();
        let is_null = |place: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(place));
        sorted(call, &lists, |_, left, right| {
            is_null(left).cmp(&is_null(right)).then_with(|| rows.row(left).cmp(&rows.row(right)))
        })
    },
    section: &SECTION,
    description: "The elements in order, NULLs last.",
    example: "SELECT array_sort(array(3, NULL, 1)); -- [1,3,NULL]",
    ..BASE
};

static SORT_ARRAY_BY: Definition = Definition {
    name: "sort_array_by",
    arguments: &[
        ("array", Kind::List, "An array of structs."),
        ("member", Kind::Primitive, "A member's name; several may be given. A literal."),
        ("order", Kind::Primitive, "`ASC`, which is the default, or `DESC`: a literal, the last one."),
    ],
    required: 2,
    variadic: true,
    result: |planned| {
        let DataType::Struct(fields) = item_of(planned.data_type(0)) else { return Err(planned.refuse()) };
        let names = (1..planned.fields.len()).map(|place| planned.literal(place)).collect::<Option<Vec<_>>>();
        let Some(names) = names else {
            let message = "names of members in sort_array_by must be literals";
            return Err(external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message)));
        };
        let (names, _) = split_order(&names, |name| place_of(&fields, name).is_some());
        match names.iter().find(|name| place_of(&fields, name).is_none()) {
            Some(name) => {
                let message = format!("column \"{name}\" not found in data type struct");
                Err(external(Diagnostic::new(sqlstate::UNDEFINED_COLUMN, message)))
            }
            None => same(planned),
        }
    },
    run: sort_by,
    section: &SECTION,
    description: "The structs of an array, in the order of some of their members.",
    example: "SELECT sort_array_by(array(named_struct('a', 2), named_struct('a', 1)), 'a', 'DESC');",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&SORT_ARRAY, &SORT_ARRAY_BY];
pub(super) static SPARK: &[&Definition] = &[&ARRAY_SORT];

fn same(planned: &Planned) -> Result<DataType> {
    Ok(DataType::new_list(item_of(planned.data_type(0)), true))
}

fn sorted(call: &Call, lists: &ListColumn, compare: impl Fn(usize, usize, usize) -> Ordering) -> Result<ArrayRef> {
    let mut picked = Picked::default();
    for row in 0..call.rows {
        match lists.range(row) {
            Some(range) => {
                let mut places: Vec<usize> = range.collect();
                places.sort_by(|left, right| compare(row, *left, *right));
                picked.push(places);
            }
            None => picked.null(),
        }
    }
    picked.finish(lists.values())
}

fn place_of(fields: &datafusion::arrow::datatypes::Fields, name: &str) -> Option<usize> {
    fields.iter().position(|field| field.name().eq_ignore_ascii_case(name))
}

/// The names, and whether large values come first: a last word that is no member's name says so.
fn split_order<'a>(words: &[&'a str], is_member: impl Fn(&str) -> bool) -> (Vec<&'a str>, bool) {
    match words.split_last() {
        Some((last, names)) if !names.is_empty() && !is_member(last) => match last.to_ascii_lowercase().as_str() {
            "desc" => (names.to_vec(), true),
            "asc" => (names.to_vec(), false),
            _ => (words.to_vec(), false),
        },
        _ => (words.to_vec(), false),
    }
}

fn sort_by(call: &Call) -> Result<ArrayRef> {
    let lists = ListColumn::read(call, 0)?;
    let Some(structs) = lists.values().as_struct_opt() else { return call.nulls() };
    let words = (1..call.count()).map(|place| call.text(place)).collect::<Result<Vec<_>>>()?;
    let words: Vec<&str> = words.iter().filter_map(|word| word.get(0)).collect();
    let (names, descending) = split_order(&words, |name| place_of(structs.fields(), name).is_some());
    let members = names
        .iter()
        .filter_map(|name| place_of(structs.fields(), name))
        .map(|place| keys(&Arc::clone(structs.column(place))))
        .collect::<Result<Vec<_>>>()?;
    sorted(call, &lists, |_, left, right| {
        let order = members
            .iter()
            .map(|rows| rows.row(left).cmp(&rows.row(right)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal);
        if descending { order.reverse() } else { order }
    })
}
