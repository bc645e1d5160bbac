//! `isnull(x)`, `isnotnull(x)`.

use datafusion::arrow::array::Array;

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind, boolean};

const VALUE: &[(&str, Kind, &str)] = &[("value", Kind::Any, "A value.")];

static IS_NULL: Definition = Definition {
    name: "isnull",
    arguments: VALUE,
    result: boolean,
    run: |call| {
        let values = call.array(0)?.logical_nulls();
        call.booleans(|row| Some(values.as_ref().is_some_and(|nulls| nulls.is_null(row))))
    },
    simplify: Some(|args, _| args.first().map(|value| value.clone().is_null())),
    section: &SECTION,
    description: "True for NULL.",
    example: "SELECT isnull(NULL); -- true",
    ..BASE
};

static IS_NOT_NULL: Definition = Definition {
    name: "isnotnull",
    arguments: VALUE,
    result: boolean,
    run: |call| {
        let values = call.array(0)?.logical_nulls();
        call.booleans(|row| Some(values.as_ref().is_none_or(|nulls| nulls.is_valid(row))))
    },
    simplify: Some(|args, _| args.first().map(|value| value.clone().is_not_null())),
    section: &SECTION,
    description: "False for NULL.",
    example: "SELECT isnotnull(NULL); -- false",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&IS_NULL, &IS_NOT_NULL];
