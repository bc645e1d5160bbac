//! `concat(…)`, `concat_ws(separator, …)`

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringArray};
use datafusion::arrow::compute::concat as concatenate;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::convert::common::common_type;
use crate::hive::convert::{convert, text};
use crate::hive::definition::{BASE, Definition, Kind, Planned};
use crate::types::is_binary;

static CONCAT: Definition = Definition {
    name: "concat",
    arguments: &[("value", Kind::Any, "Text, bytes or other values; arrays if all are.")],
    variadic: true,
    required: 0,
    result: concat_type,
    run: concat,
    section: &SECTION,
    description: "The values, one after the other; NULL if one is. Bytes if all are bytes.",
    example: "SELECT concat('Face', 'book', 1); -- Facebook1",
    ..BASE
};

static CONCAT_WS: Definition = Definition {
    name: "concat_ws",
    arguments: &[
        ("separator", Kind::Primitive, "What stands between two values."),
        ("value", Kind::Any, "A text, or an array of texts. NULLs are passed over."),
    ],
    variadic: true,
    required: 1,
    result: |planned: &Planned| {
        let fits = |data_type: &DataType| match data_type {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                !item.data_type().is_nested()
            }
            other => !other.is_nested(),
        };
        match planned.fields.iter().all(|field| fits(field.data_type())) {
            true => Ok(DataType::Utf8),
            false => Err(planned.refuse()),
        }
    },
    run: concat_ws,
    section: &SECTION,
    description: "The values with a separator between them.",
    example: "SELECT concat_ws('.', 'www', array('facebook', 'com')); -- www.facebook.com",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&CONCAT, &CONCAT_WS];

fn concat_type(planned: &Planned) -> Result<DataType> {
    let types = || planned.fields.iter().map(|field| field.data_type());
    if planned.fields.is_empty() {
        return Ok(DataType::Utf8);
    }
    if types()
        .any(|data_type| matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..)))
    {
        return match common_type(types()) {
            Some(found @ DataType::List(_)) => Ok(found),
            Some(DataType::LargeList(item) | DataType::FixedSizeList(item, _)) => Ok(DataType::List(item)),
            _ => Err(planned.refuse()),
        };
    }
    match types().any(DataType::is_nested) {
        true => Err(planned.refuse()),
        false if types().all(is_binary) => Ok(DataType::Binary),
        false => Ok(DataType::Utf8),
    }
}

fn concat(call: &Call) -> Result<ArrayRef> {
    match call.result_type() {
        DataType::List(_) => lists(call),
        DataType::Binary => {
            let values = (0..call.count()).map(|index| call.bytes(index)).collect::<Result<Vec<_>>>()?;
            call.binaries(|row| {
                let mut joined = Vec::new();
                for value in &values {
                    joined.extend_from_slice(value.get(row)?);
                }
                Some(joined)
            })
        }
        _ => {
            let values = (0..call.count()).map(|index| call.text(index)).collect::<Result<Vec<_>>>()?;
            call.texts(|row| {
                let mut joined = String::new();
                for value in &values {
                    joined.push_str(value.get(row)?);
                }
                Some(joined)
            })
        }
    }
}

fn lists(call: &Call) -> Result<ArrayRef> {
    let lists = (0..call.count())
        .map(|index| convert(&call.array(index)?, call.result_type(), call.dialect, &call.zone()))
        .collect::<Result<Vec<_>>>()?;
    let DataType::List(item) = call.result_type() else { return call.nulls() };
    let mut builder = crate::hive::collection::Lists::new(item);
    for row in 0..call.rows {
        if lists.iter().any(|list| list.is_null(row)) {
            builder.null();
            continue;
        }
        let parts: Vec<ArrayRef> = lists.iter().map(|list| list.as_list::<i32>().value(row)).collect();
        builder.push(concatenate(&parts.iter().map(|part| part.as_ref()).collect::<Vec<_>>())?);
    }
    builder.finish()
}

enum Part {
    Text(crate::hive::call::Texts),
    /// Each row's texts.
    List(ArrayRef, StringArray),
}

fn concat_ws(call: &Call) -> Result<ArrayRef> {
    let separators = call.text(0)?;
    let part = |index: usize| {
        let array = call.array(index)?;
        let item = match array.data_type() {
            DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => item,
            _ => return Ok(Part::Text(call.text(index)?)),
        };
        let list = convert(&array, &DataType::List(std::sync::Arc::clone(item)), call.dialect, &call.zone())?;
        let texts = text::texts(list.as_list::<i32>().values(), &call.zone())?;
        Ok(Part::List(list, texts))
    };
    let parts = (1..call.count()).map(part).collect::<Result<Vec<_>>>()?;
    call.texts(|row| {
        let separator = separators.get(row)?;
        let mut joined = String::new();
        let mut first = true;
        let mut push = |value: &str| {
            if !std::mem::take(&mut first) {
                joined.push_str(separator);
            }
            joined.push_str(value);
        };
        for part in &parts {
            match part {
                Part::Text(texts) => texts.get(row).into_iter().for_each(&mut push),
                Part::List(list, texts) if list.is_valid(row) => {
                    let offsets = list.as_list::<i32>().value_offsets();
                    let range = offsets[row] as usize..offsets[row + 1] as usize;
                    range.filter(|index| texts.is_valid(*index)).for_each(|index| push(texts.value(index)));
                }
                Part::List(..) => {}
            }
        }
        Some(joined)
    })
}
