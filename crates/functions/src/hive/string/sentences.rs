//! `sentences(text [, language, country])`: a text's sentences, each as its words.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use unicode_segmentation::UnicodeSegmentation;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind};

static SENTENCES: Definition = Definition {
    name: "sentences",
    arguments: &[
        ("text", Kind::Primitive, "A text in any language."),
        ("language", Kind::Primitive, "Its language. All are divided by Unicode's rules, so it makes no difference."),
        ("country", Kind::Primitive, "Its country, which makes none either."),
    ],
    required: 1,
    result: |_| Ok(DataType::new_list(DataType::new_list(DataType::Utf8, true), true)),
    run,
    section: &SECTION,
    description: "A text's sentences, each as an array of its words, by the rules of Unicode's UAX #29.",
    example: "SELECT sentences('Hello there! How are you?'); -- [[Hello, there], [How, are, you]]",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&SENTENCES];

fn run(call: &Call) -> Result<ArrayRef> {
    let texts = call.text(0)?;
    let mut lists = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    for row in 0..call.rows {
        let Some(text) = texts.get(row) else {
            lists.append(false);
            continue;
        };
        for sentence in text.unicode_sentences() {
            for word in sentence.unicode_words() {
                lists.values().values().append_value(word);
            }
            lists.values().append(true);
        }
        call.bound(lists.values().values().values_slice().len(), 0)?;
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}
