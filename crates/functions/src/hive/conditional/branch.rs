//! `if(condition, a, b)`, `coalesce(…)`, `nvl(a, b)`, `nvl2(a, b, c)`, `nullif(a, b)`.

use datafusion::arrow::array::{Array, ArrayRef, make_comparator};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, when};

use super::SECTION;
use super::select::{select, type_of};
use crate::hive::call::Call;
use crate::hive::convert::common::{common_type, numeric_type};
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind};
use crate::types::is_text;

static IF: Definition = Definition {
    name: "if",
    arguments: &[
        ("condition", Kind::Boolean, "What decides; NULL is not true."),
        ("then", Kind::Any, "The result where it is true."),
        ("else", Kind::Any, "The result elsewhere."),
    ],
    result: |planned| type_of(planned, 1..3),
    run: |call| {
        let conditions = call.boolean(0)?;
        select(call, &[1, 2], |_, row| Some(if conditions.get(row) == Some(true) { 0 } else { 1 }))
    },
    simplify: Some(|args, types| match (args, types) {
        ([condition, then, other], [DataType::Boolean, left, right]) if left == right => {
            when(condition.clone(), then.clone()).otherwise(other.clone()).ok()
        }
        _ => None,
    }),
    section: &SECTION,
    description: "One value where a condition is true, and another elsewhere.",
    example: "SELECT if(1 = 1, 'yes', 'no'); -- yes",
    ..BASE
};

static COALESCE: Definition = Definition {
    name: "coalesce",
    arguments: &[("value", Kind::Any, "A value.")],
    variadic: true,
    result: |planned| type_of(planned, 0..planned.fields.len()),
    run: coalesce,
    simplify: Some(first_known),
    section: &SECTION,
    description: "The first value that is not NULL.",
    example: "SELECT coalesce(NULL, 1, 2); -- 1",
    ..BASE
};

static NVL: Definition = Definition {
    name: "nvl",
    aliases: &["ifnull"],
    arguments: &[("value", Kind::Any, "A value."), ("default", Kind::Any, "What stands in the place of NULL.")],
    variadic: false,
    result: |planned| type_of(planned, 0..2),
    run: coalesce,
    simplify: Some(first_known),
    section: &SECTION,
    description: "The value, or the default where it is NULL.",
    example: "SELECT nvl(NULL, 'none'); -- none",
    ..BASE
};

static NVL2: Definition = Definition {
    name: "nvl2",
    arguments: &[
        ("value", Kind::Any, "A value."),
        ("known", Kind::Any, "The result where the value is not NULL."),
        ("unknown", Kind::Any, "The result where it is."),
    ],
    result: |planned| type_of(planned, 1..3),
    run: |call| {
        let nulls = call.array(0)?.logical_nulls();
        let is_null = |row: usize| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        select(call, &[1, 2], |_, row| Some(if is_null(row) { 1 } else { 0 }))
    },
    simplify: Some(|args, types| match (args, types) {
        ([value, known, unknown], [_, left, right]) if left == right => {
            when(value.clone().is_not_null(), known.clone()).otherwise(unknown.clone()).ok()
        }
        _ => None,
    }),
    section: &SECTION,
    description: "One value where another is not NULL, and a third elsewhere.",
    example: "SELECT nvl2(NULL, 1, 2); -- 2",
    ..BASE
};

static NULLIF: Definition = Definition {
    name: "nullif",
    arguments: &[("a", Kind::Any, "A value."), ("b", Kind::Any, "What it is compared with.")],
    result: |planned| {
        compared_type(planned.data_type(0), planned.data_type(1)).ok_or_else(|| planned.refuse())?;
        Ok(planned.data_type(0).clone())
    },
    run: |call| {
        let Some(wanted) = compared_type(&call.data_type(0), &call.data_type(1)) else { return call.nulls() };
        let read = |index: usize| convert(&call.array(index)?, &wanted, call.dialect, &call.zone());
        let (left, right) = (read(0)?, read(1)?);
        let compare = make_comparator(&left, &right, SortOptions::default())?;
        select(call, &[0], |_, row| {
            let same = left.is_valid(row) && right.is_valid(row) && compare(row, row).is_eq();
            (!same).then_some(0)
        })
    },
    section: &SECTION,
    description: "NULL where both are equal, otherwise the first.",
    example: "SELECT nullif(1, 1); -- NULL",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&COALESCE, &IF, &NULLIF, &NVL, &NVL2];

/// The type in which two values are compared: text beside a number is a number.
pub(super) fn compared_type(left: &DataType, right: &DataType) -> Option<DataType> {
    match is_text(left) != is_text(right) && (left.is_numeric() || right.is_numeric()) {
        true => numeric_type([left, right]),
        false => common_type([left, right]),
    }
}

fn coalesce(call: &Call) -> Result<ArrayRef> {
    let places: Vec<usize> = (0..call.count()).collect();
    select(call, &places, |values, row| values.iter().position(|value| value.is_valid(row)))
}

/// Lets later values be computed only where earlier ones are NULL.
fn first_known(args: &[Expr], types: &[DataType]) -> Option<Expr> {
    let (last, others) = args.split_last()?;
    if types.iter().any(|data_type| Some(data_type) != types.first()) {
        return None;
    }
    let mut others = others.iter();
    let Some(first) = others.next() else { return Some(last.clone()) };
    let mut case = when(first.clone().is_not_null(), first.clone());
    for value in others {
        case = case.when(value.clone().is_not_null(), value.clone());
    }
    case.otherwise(last.clone()).ok()
}
