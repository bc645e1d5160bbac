//! `array(…)`, `map(k, v, …)`, `struct(…)`, `named_struct(name, v, …)`, `create_union(tag, …)`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, ListArray, StructArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{concat, interleave};
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::error::Result;
use mead_common::{Diagnostic, Dialect, sqlstate};

use super::SECTION;
use super::map_column::{MadeMaps, map_type};
use crate::error::external;
use crate::hive::call::Call;
use crate::hive::convert::common::common_type;
use crate::hive::convert::convert;
use crate::hive::definition::{BASE, Definition, Kind, Planned};

static ARRAY: Definition = Definition {
    name: "array",
    arguments: &[("value", Kind::Any, "An element.")],
    required: 0,
    variadic: true,
    result: |planned| Ok(DataType::new_list(common(planned, (0..planned.fields.len()).collect())?, true)),
    run: array,
    section: &SECTION,
    description: "An array of the values, as values of the type that they have in common.",
    example: "SELECT array(1, 2, 3); -- [1,2,3]",
    ..BASE
};

static MAP: Definition = Definition {
    name: "map",
    aliases: &["create_map"],
    arguments: &[("key", Kind::Any, "A key, which is not NULL."), ("value", Kind::Any, "Its value.")],
    required: 0,
    variadic: true,
    result: |planned| {
        let count = planned.fields.len();
        if !count.is_multiple_of(2) {
            return Err(planned.refuse());
        }
        let key = common(planned, (0..count).step_by(2).collect())?;
        Ok(map_type(&key, &common(planned, (1..count).step_by(2).collect())?))
    },
    run: map,
    section: &SECTION,
    description: "A map of keys and values. Of a key that comes twice the last value stays; in Spark it is an error.",
    example: "SELECT map('a', 1, 'b', 2); -- {\"a\":1,\"b\":2}",
    ..BASE
};

static STRUCT: Definition = Definition {
    name: "struct",
    arguments: &[("value", Kind::Any, "A member.")],
    required: 1,
    variadic: true,
    result: |planned| {
        let member = |(place, field): (usize, &Arc<Field>)| {
            Field::new(format!("col{}", place + 1), field.data_type().clone(), true)
        };
        Ok(DataType::Struct(planned.fields.iter().enumerate().map(member).collect()))
    },
    run: |call| members(call, (0..call.count()).collect()),
    section: &SECTION,
    description: "A struct whose members are called col1, col2 and so on.",
    example: "SELECT struct(1, 'a').col2; -- a",
    ..BASE
};

static NAMED_STRUCT: Definition = Definition {
    name: "named_struct",
    arguments: &[("name", Kind::Primitive, "A member's name: a literal."), ("value", Kind::Any, "Its value.")],
    required: 2,
    variadic: true,
    result: |planned| {
        let count = planned.fields.len();
        if !count.is_multiple_of(2) {
            return Err(planned.refuse());
        }
        let member = |place: usize| match planned.literal(place) {
            Some(name) => Ok(Field::new(name, planned.data_type(place + 1).clone(), true)),
            None => {
                let message = "names of members in named_struct must be literals";
                Err(external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message)))
            }
        };
        Ok(DataType::Struct((0..count).step_by(2).map(member).collect::<Result<Fields>>()?))
    },
    run: |call| members(call, (1..call.count()).step_by(2).collect()),
    section: &SECTION,
    description: "A struct of named members.",
    example: "SELECT named_struct('a', 1, 'b', 'x').b; -- x",
    ..BASE
};

static CREATE_UNION: Definition = Definition {
    name: "create_union",
    arguments: &[("tag", Kind::Number, "Which of the values is meant, from 0."), ("value", Kind::Any, "A value.")],
    required: 2,
    variadic: true,
    result: |_| Err(external(Diagnostic::unsupported("create_union is not supported: there is no union type"))),
    section: &SECTION,
    description: "Refused: there is no union type.",
    example: "",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&ARRAY, &CREATE_UNION, &MAP, &NAMED_STRUCT, &STRUCT];

/// The common type of arguments. Where none has one it is that of text in Hive, and none in Spark.
fn common(planned: &Planned, places: Vec<usize>) -> Result<DataType> {
    match common_type(places.iter().map(|place| planned.data_type(*place))) {
        Some(DataType::Null) if planned.dialect == Dialect::Hive => Ok(DataType::Utf8),
        Some(found) => Ok(found),
        None => Err(planned.refuse()),
    }
}

fn array(call: &Call) -> Result<ArrayRef> {
    let DataType::List(item) = call.result_type() else { return call.nulls() };
    let count = call.count();
    let elements = (0..count)
        .map(|index| convert(&call.array(index)?, item.data_type(), call.dialect, &call.zone()))
        .collect::<Result<Vec<_>>>()?;
    let values = match count {
        0 => datafusion::arrow::array::new_empty_array(item.data_type()),
        _ => {
            let places: Vec<_> = (0..call.rows).flat_map(|row| (0..count).map(move |place| (place, row))).collect();
            interleave(&elements.iter().map(|element| element.as_ref()).collect::<Vec<_>>(), &places)?
        }
    };
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(count, call.rows));
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, None)?))
}

fn map(call: &Call) -> Result<ArrayRef> {
    let Some((key, value)) = super::map_column::entry_types(call.result_type()) else { return call.nulls() };
    let column = |first: usize, data_type: &DataType| -> Result<ArrayRef> {
        let parts = (first..call.count())
            .step_by(2)
            .map(|index| convert(&call.array(index)?, data_type, call.dialect, &call.zone()))
            .collect::<Result<Vec<_>>>()?;
        match parts.is_empty() {
            true => Ok(datafusion::arrow::array::new_empty_array(data_type)),
            false => Ok(concat(&parts.iter().map(|part| part.as_ref()).collect::<Vec<_>>())?),
        }
    };
    let mut maps = MadeMaps::new(call, column(0, &key)?, column(1, &value)?)?;
    for row in 0..call.rows {
        maps.push((0..call.count() / 2).map(|part| (part * call.rows + row, part * call.rows + row)))?;
    }
    maps.finish()
}

fn members(call: &Call, places: Vec<usize>) -> Result<ArrayRef> {
    let DataType::Struct(fields) = call.result_type() else { return call.nulls() };
    let columns = places.iter().map(|place| call.array(*place)).collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, None, call.rows)?))
}
