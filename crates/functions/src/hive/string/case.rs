//! `lower`, `upper`, `initcap`, `reverse`, `translate`: the characters of a text, one for one.

use std::collections::HashMap;

use datafusion::arrow::array::ArrayRef;
use datafusion::error::Result;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

const TEXT: &[(&str, Kind, &str)] = &[("text", Kind::Primitive, "A text.")];

static LOWER: Definition = Definition {
    name: "lower",
    aliases: &["lcase"],
    arguments: TEXT,
    run: |call| map(call, str::to_lowercase),
    section: &SECTION,
    description: "The text in small letters.",
    example: "SELECT lower('Facebook'); -- facebook",
    ..BASE
};

static UPPER: Definition = Definition {
    name: "upper",
    aliases: &["ucase"],
    arguments: TEXT,
    run: |call| map(call, str::to_uppercase),
    section: &SECTION,
    description: "The text in capital letters.",
    example: "SELECT upper('Facebook'); -- FACEBOOK",
    ..BASE
};

static INITCAP: Definition = Definition {
    name: "initcap",
    arguments: TEXT,
    run: |call| map(call, initcap),
    section: &SECTION,
    description: "The first letter of each word as a capital, the others small. Words are what white space divides.",
    example: "SELECT initcap('tHe soap'); -- The Soap",
    ..BASE
};

static REVERSE: Definition = Definition {
    name: "reverse",
    arguments: TEXT,
    run: |call| map(call, |text| text.chars().rev().collect()),
    section: &SECTION,
    description: "The characters from last to first.",
    example: "SELECT reverse('Facebook'); -- koobecaF",
    ..BASE
};

static TRANSLATE: Definition = Definition {
    name: "translate",
    aliases: &["translate3"],
    arguments: &[
        ("text", Kind::Primitive, "A text."),
        ("from", Kind::Primitive, "Characters to replace; of one that stands there twice the first counts."),
        ("to", Kind::Primitive, "By what, character for character; one that has no counterpart is left out."),
    ],
    run: translate,
    section: &SECTION,
    description: "The text with some characters replaced by others.",
    example: "SELECT translate('abcdef', 'adc', '19'); -- 1b9ef",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&INITCAP, &LOWER, &REVERSE, &TRANSLATE, &UPPER];

fn map(call: &Call, function: fn(&str) -> String) -> Result<ArrayRef> {
    let values = call.text(0)?;
    call.texts(|row| values.get(row).map(function))
}

fn initcap(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut begins = true;
    for character in text.chars() {
        match begins {
            true => result.extend(character.to_uppercase()),
            false => result.extend(character.to_lowercase()),
        }
        begins = character.is_whitespace();
    }
    result
}

fn translate(call: &Call) -> Result<ArrayRef> {
    let (texts, from, to) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let table = |row: usize| -> Option<HashMap<char, Option<char>>> {
        let mut table = HashMap::new();
        let mut to = to.get(row)?.chars();
        for character in from.get(row)?.chars() {
            let counterpart = to.next();
            table.entry(character).or_insert(counterpart);
        }
        Some(table)
    };
    let apply = |text: &str, table: &HashMap<char, Option<char>>| -> String {
        text.chars().filter_map(|character| table.get(&character).copied().unwrap_or(Some(character))).collect()
    };
    if from.literal().is_some() && to.literal().is_some() {
        let Some(table) = table(0) else { return call.nulls() };
        return call.texts(|row| Some(apply(texts.get(row)?, &table)));
    }
    call.texts(|row| Some(apply(texts.get(row)?, &table(row)?)))
}
