//! `trim`, `ltrim`, `rtrim`: a text without what stands at its ends.

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

const ARGUMENTS: &[(&str, Kind, &str)] = &[
    ("text", Kind::Primitive, "A text."),
    ("characters", Kind::Primitive, "Which characters are left out: spaces if it is not given."),
];

macro_rules! trims {
    ($($constant:ident, $name:literal, $aliases:expr, $left:literal, $right:literal, $where:literal, $example:literal;)*) => {
        $(static $constant: Definition = Definition {
            name: $name,
            aliases: $aliases,
            arguments: ARGUMENTS,
            required: 1,
            run: |call| trim(call, $left, $right),
            section: &SECTION,
            description: concat!("A text without the spaces, or other characters, ", $where, "."),
            example: $example,
            ..BASE
        };)*
        pub(super) static FUNCTIONS: &[&Definition] = &[$(&$constant),*];
    };
}

trims! {
    BTRIM, "btrim", &["trim"], true, true, "at its ends", "SELECT trim('  facebook  '); -- facebook";
    LTRIM, "ltrim", &[], true, false, "before it", "SELECT ltrim('  facebook'); -- facebook";
    RTRIM, "rtrim", &[], false, true, "behind it", "SELECT rtrim('facebook  '); -- facebook";
}

fn trim(call: &Call, left: bool, right: bool) -> Result<ArrayRef> {
    let (texts, characters) = (call.text(0)?, call.text(1)?);
    call.texts(|row| {
        let (mut text, characters) = (texts.get(row)?, if call.has(1) { characters.get(row)? } else { " " });
        if left {
            text = text.trim_start_matches(|character| characters.contains(character));
        }
        if right {
            text = text.trim_end_matches(|character| characters.contains(character));
        }
        Some(text.to_owned())
    })
}
