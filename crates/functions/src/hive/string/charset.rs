//! `encode(text, charset)`, `decode(bytes, charset)`, `ascii`, `chr`: text and the bytes that stand for it.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Int32Type;
use datafusion::error::Result;
use mead_common::Dialect;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, bytes, int};

const CHARSET: (&str, Kind, &str) =
    ("charset", Kind::Primitive, "`US-ASCII`, `ISO-8859-1`, `UTF-8`, `UTF-16BE`, `UTF-16LE` or `UTF-16`, in any case.");

static ENCODE: Definition = Definition {
    name: "encode",
    arguments: &[("text", Kind::Primitive, "A text."), CHARSET],
    result: bytes,
    run: encode,
    section: &SECTION,
    description: "A text's bytes in a character set; a character that it lacks becomes a question mark.",
    example: "SELECT hex(encode('é', 'ISO-8859-1')); -- E9",
    ..BASE
};

static DECODE: Definition = Definition {
    name: "decode",
    arguments: &[("bytes", Kind::Bytes, "Bytes."), CHARSET],
    run: decode,
    section: &SECTION,
    description: "The text that bytes stand for in a character set; what stands for none becomes U+FFFD.",
    example: "SELECT decode(unhex('E9'), 'ISO-8859-1'); -- é",
    ..BASE
};

static ASCII: Definition = Definition {
    name: "ascii",
    arguments: &[("text", Kind::Primitive, "A text.")],
    result: int,
    run: |call| {
        let texts = call.text(0)?;
        call.primitives::<Int32Type>(|row| {
            let text = texts.get(row)?;
            Some(match call.dialect {
                Dialect::Spark => text.chars().next().map_or(0, |character| character as i32),
                _ => text.bytes().next().map_or(0, |byte| i32::from(byte as i8)),
            })
        })
    },
    section: &SECTION,
    description: "The number of the first character, in hive of the first byte; 0 of an empty text.",
    example: "SELECT ascii('222'); -- 50",
    ..BASE
};

static CHR: Definition = Definition {
    name: "chr",
    aliases: &["char"],
    arguments: &[(
        "number",
        Kind::Number,
        "A number, of which the last 8 bits count. Of one below 0 the result is empty.",
    )],
    run: |call| {
        let numbers = call.whole(0)?;
        call.texts(|row| {
            let number = numbers.get(row)?;
            Some(if number < 0 { String::new() } else { char::from(number as u8).to_string() })
        })
    },
    section: &SECTION,
    description: "The character of a number.",
    example: "SELECT chr(65); -- A",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&ASCII, &CHR, &DECODE, &ENCODE];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Ascii,
    Latin,
    Utf8,
    /// Whether the high byte comes first, and whether a mark says so.
    Utf16(bool, bool),
}

fn charset(call: &Call, name: &str) -> Result<Charset> {
    Ok(match name.to_ascii_uppercase().as_str() {
        "US-ASCII" | "ASCII" => Charset::Ascii,
        "ISO-8859-1" | "LATIN1" => Charset::Latin,
        "UTF-8" | "UTF8" => Charset::Utf8,
        "UTF-16BE" => Charset::Utf16(true, false),
        "UTF-16LE" => Charset::Utf16(false, false),
        "UTF-16" => Charset::Utf16(true, true),
        _ => return Err(call.unsupported(format!("character set \"{name}\""))),
    })
}

fn encode(call: &Call) -> Result<ArrayRef> {
    let (texts, names) = (call.text(0)?, call.text(1)?);
    let mut rows = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let (Some(text), Some(name)) = (texts.get(row), names.get(row)) else {
            rows.push(None);
            continue;
        };
        let below = |limit: u32| move |character: char| if (character as u32) < limit { character as u8 } else { b'?' };
        rows.push(Some(match charset(call, name)? {
            Charset::Utf8 => text.as_bytes().to_vec(),
            Charset::Ascii => text.chars().map(below(128)).collect(),
            Charset::Latin => text.chars().map(below(256)).collect(),
            Charset::Utf16(big, marked) => {
                let units = marked.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
                units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
            }
        }));
    }
    call.binaries(|row| rows.get(row)?.as_deref())
}

pub(in crate::hive) fn decode(call: &Call) -> Result<ArrayRef> {
    let (values, names) = (call.bytes(0)?, call.text(1)?);
    call.try_texts(|row| {
        let (Some(value), Some(name)) = (values.get(row), names.get(row)) else { return Ok(None) };
        Ok(Some(match charset(call, name)? {
            Charset::Utf8 => String::from_utf8_lossy(value).into_owned(),
            Charset::Ascii => {
                let known = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER };
                value.iter().map(known).collect()
            }
            Charset::Latin => value.iter().map(|byte| char::from(*byte)).collect(),
            Charset::Utf16(big, marked) => {
                let (big, value) = match value {
                    [0xFE, 0xFF, rest @ ..] if marked => (true, rest),
                    [0xFF, 0xFE, rest @ ..] if marked => (false, rest),
                    _ => (big, value),
                };
                let unit = |pair: &[u8]| match pair {
                    [high, low] if big => u16::from_be_bytes([*high, *low]),
                    [low, high] => u16::from_le_bytes([*low, *high]),
                    _ => 0xFFFD,
                };
                String::from_utf16_lossy(&value.chunks(2).map(unit).collect::<Vec<_>>())
            }
        }))
    })
}
