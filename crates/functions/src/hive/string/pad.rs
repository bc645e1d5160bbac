//! `lpad(text, length, pad)`, `rpad(text, length, pad)`

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, Planned};
use crate::types::is_binary;

const ARGUMENTS: &[(&str, Kind, &str)] = &[
    ("text", Kind::Primitive, "A text; one that is longer is cut."),
    ("length", Kind::Number, "How many characters the result has."),
    ("pad", Kind::Primitive, "What it is filled with, a space if it is not given. Of an empty one hive makes NULL."),
];

static LPAD: Definition = Definition {
    name: "lpad",
    arguments: ARGUMENTS,
    required: 2,
    result: padded_type,
    run: |call| pad(call, true),
    section: &SECTION,
    description: "A text of a certain length, filled up on the left.",
    example: "SELECT lpad('hi', 5, '??'); -- ???hi",
    ..BASE
};

static RPAD: Definition = Definition {
    name: "rpad",
    arguments: ARGUMENTS,
    required: 2,
    result: padded_type,
    run: |call| pad(call, false),
    section: &SECTION,
    description: "A text of a certain length, filled up on the right.",
    example: "SELECT rpad('hi', 5, '??'); -- hi???",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&LPAD, &RPAD];

/// Spark pads bytes with bytes.
fn padded_type(planned: &Planned) -> Result<DataType> {
    let binary = planned.dialect == Dialect::Spark
        && is_binary(planned.data_type(0))
        && (planned.fields.len() == 2 || is_binary(planned.data_type(2)));
    Ok(if binary { DataType::Binary } else { DataType::Utf8 })
}

fn pad_bytes(call: &Call, left: bool) -> Result<ArrayRef> {
    let (values, lengths, pads) = (call.bytes(0)?, call.whole(1)?, call.bytes(2)?);
    for row in 0..call.rows {
        call.bound(0, lengths.get(row).and_then(|length| usize::try_from(length).ok()).unwrap_or(0))?;
    }
    call.binaries(|row| {
        let pad = if call.has(2) { pads.get(row)? } else { &[0] };
        let (value, length) = (values.get(row)?, usize::try_from(lengths.get(row)?).unwrap_or(0));
        if value.len() >= length || pad.is_empty() {
            return Some(value[..value.len().min(length)].to_vec());
        }
        let filling = pad.iter().cycle().take(length - value.len());
        Some(if left {
            filling.chain(value).copied().collect()
        } else {
            value.iter().chain(filling).copied().collect()
        })
    })
}

fn pad(call: &Call, left: bool) -> Result<ArrayRef> {
    if call.result_type() == &DataType::Binary {
        return pad_bytes(call, left);
    }
    let (texts, lengths, pads) = (call.text(0)?, call.whole(1)?, call.text(2)?);
    call.try_texts(|row| {
        let pad = if call.has(2) { pads.get(row) } else { Some(" ") };
        let (Some(text), Some(length), Some(pad)) = (texts.get(row), lengths.get(row), pad) else { return Ok(None) };
        let length = match (usize::try_from(length), call.dialect) {
            (Ok(length), _) => length,
            (Err(_), Dialect::Spark) => 0,
            (Err(_), _) => return Ok(None),
        };
        if pad.is_empty() && call.dialect != Dialect::Spark {
            return Ok(None);
        }
        let given = text.chars().count();
        if given >= length || pad.is_empty() {
            return Ok(Some(text.chars().take(length).collect::<String>()));
        }
        call.bound(0, length - given)?;
        let filling = pad.chars().cycle().take(length - given);
        Ok(Some(if left { filling.chain(text.chars()).collect() } else { text.chars().chain(filling).collect() }))
    })
}
