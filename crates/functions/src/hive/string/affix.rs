//! Spark's `startswith`, `endswith` and `contains`, and those that write and read text as part of a URL.

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind, boolean};
use crate::hive::other::{url_decoded, url_encoded};

const PAIR: &[(&str, Kind, &str)] =
    &[("text", Kind::Primitive, "A text."), ("part", Kind::Primitive, "What may be a part of it.")];

const HAS: Definition = Definition { arguments: PAIR, result: boolean, section: &SECTION, ..BASE };

static STARTSWITH: Definition = Definition {
    name: "startswith",
    run: |call| {
        let (texts, parts) = (call.text(0)?, call.text(1)?);
        call.booleans(|row| Some(texts.get(row)?.starts_with(parts.get(row)?)))
    },
    description: "Whether a text begins with another.",
    example: "SELECT startswith('Spark SQL', 'Spark'); -- true",
    ..HAS
};

static ENDSWITH: Definition = Definition {
    name: "endswith",
    run: |call| {
        let (texts, parts) = (call.text(0)?, call.text(1)?);
        call.booleans(|row| Some(texts.get(row)?.ends_with(parts.get(row)?)))
    },
    description: "Whether a text ends with another.",
    example: "SELECT endswith('Spark SQL', 'SQL'); -- true",
    ..HAS
};

static CONTAINS: Definition = Definition {
    name: "contains",
    run: |call| {
        let (texts, parts) = (call.text(0)?, call.text(1)?);
        call.booleans(|row| Some(texts.get(row)?.contains(parts.get(row)?)))
    },
    description: "Whether a text has another as a part.",
    example: "SELECT contains('Spark SQL', 'rk'); -- true",
    ..HAS
};

static URL_ENCODE: Definition = Definition {
    name: "url_encode",
    arguments: &[("text", Kind::Primitive, "A text.")],
    run: |call| {
        let texts = call.text(0)?;
        call.texts(|row| texts.get(row).map(url_encoded))
    },
    section: &SECTION,
    description: "A text as a form's value is written in a URL.",
    example: "SELECT url_encode('a b&c'); -- a+b%26c",
    ..BASE
};

static URL_DECODE: Definition = Definition {
    name: "url_decode",
    arguments: &[("text", Kind::Primitive, "A text.")],
    run: |call| {
        let texts = call.text(0)?;
        call.try_texts(|row| match texts.get(row) {
            None => Ok(None),
            Some(text) => match url_decoded(text) {
                Some(decoded) => Ok(Some(decoded)),
                None => Err(call.invalid(format!("invalid text \"{text}\""))),
            },
        })
    },
    section: &SECTION,
    description: "The text that stands in a URL as a form's value.",
    example: "SELECT url_decode('a+b%26c'); -- a b&c",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&CONTAINS, &ENDSWITH, &STARTSWITH, &URL_DECODE, &URL_ENCODE];
