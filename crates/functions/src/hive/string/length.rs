//! `length`, `octet_length`, `bit_length`: how long a text is, or how many bytes there are.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int32Type;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, int};
use crate::types::is_binary;

const VALUE: &[(&str, Kind, &str)] = &[("value", Kind::Primitive, "A text or bytes.")];

static LENGTH: Definition = Definition {
    name: "length",
    aliases: &["len"],
    arguments: VALUE,
    result: int,
    run: characters,
    section: &SECTION,
    description: "The number of a text's characters, or of bytes.",
    example: "SELECT length('Facebook'); -- 8",
    ..BASE
};

static CHARACTER_LENGTH: Definition = Definition {
    name: "character_length",
    aliases: &["char_length"],
    arguments: VALUE,
    result: int,
    run: characters,
    section: &SECTION,
    description: "The number of a text's characters, or of bytes.",
    example: "SELECT char_length('Höhe'); -- 4",
    ..BASE
};

static OCTET_LENGTH: Definition = Definition {
    name: "octet_length",
    arguments: VALUE,
    result: int,
    run: |call| {
        let values = call.bytes(0)?;
        call.primitives::<Int32Type>(|row| i32::try_from(values.get(row)?.len()).ok())
    },
    section: &SECTION,
    description: "The number of a text's bytes in UTF-8, or of bytes.",
    example: "SELECT octet_length('Höhe'); -- 5",
    ..BASE
};

static BIT_LENGTH: Definition = Definition {
    name: "bit_length",
    arguments: VALUE,
    result: int,
    run: |call| {
        let values = call.bytes(0)?;
        call.primitives::<Int32Type>(|row| i32::try_from(values.get(row)?.len()).ok()?.checked_mul(8))
    },
    section: &SECTION,
    description: "The number of a text's bits in UTF-8, or of bits.",
    example: "SELECT bit_length('Höhe'); -- 40",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&BIT_LENGTH, &CHARACTER_LENGTH, &LENGTH, &OCTET_LENGTH];

fn characters(call: &Call) -> Result<ArrayRef> {
    if is_binary(&call.data_type(0)) {
        let values = call.bytes(0)?;
        return call.primitives::<Int32Type>(|row| i32::try_from(values.get(row)?.len()).ok());
    }
    let texts = call.text(0)?;
    call.primitives::<Int32Type>(|row| i32::try_from(texts.get(row)?.chars().count()).ok())
}
