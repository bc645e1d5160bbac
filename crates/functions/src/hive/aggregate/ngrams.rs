//! `ngrams(words, n, k)`, `context_ngrams(words, context, k)`: the sequences of words that come most often.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, ListBuilder, StringArray, StringBuilder, StructArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::error::Result;
use datafusion::scalar::ScalarValue;

use super::gathered::{BASE, Gathered, Group, list_value};
use crate::hive::definition::Kind;

const WORDS: (&str, Kind, &str) = ("words", Kind::List, "Words, or an array of sentences, as sentences() gives it.");
const COUNT: (&str, Kind, &str) = ("k", Kind::Number, "How many sequences.");
const FACTOR: (&str, Kind, &str) = ("precision", Kind::Number, "Taken, but not needed: all sequences are counted.");

static NGRAMS: Gathered = Gathered {
    name: "ngrams",
    arguments: &[WORDS, ("n", Kind::Number, "How many words a sequence has."), COUNT, FACTOR],
    required: 3,
    coerce: |index, given| if index == 0 { words_type(given) } else { given.clone() },
    result: sequences_type,
    evaluate: |group| {
        let (Some(length), Some(most)) = (group.whole(1, 1)?, group.whole(2, 1)?) else { return group.null() };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let mut counts: HashMap<Vec<String>, f64> = HashMap::new();
        for sentence in sentences(&group.column(0)?)? {
            for window in sentence.windows(length) {
                *counts.entry(window.to_vec()).or_default() += 1.0;
            }
        }
        most_frequent(group, counts, most)
    },
    description: "The k sequences of n words that come most often, with how often they come.",
    example: "SELECT ngrams(sentences('Hello there. Hello you.'), 1, 1);",
    ..BASE
};

static CONTEXT_NGRAMS: Gathered = Gathered {
    name: "context_ngrams",
    arguments: &[WORDS, ("context", Kind::List, "Words, of which NULL stands for any."), COUNT, FACTOR],
    required: 3,
    coerce: |index, given| match index {
        0 => words_type(given),
        1 => DataType::new_list(DataType::Utf8, true),
        _ => given.clone(),
    },
    result: sequences_type,
    evaluate: |group| {
        let (Some(context), Some(most)) = (group.parameter(1)?, group.whole(2, 1)?) else { return group.null() };
        let ScalarValue::List(context) = context else { return group.null() };
        if context.is_null(0) {
            return group.null();
        }
        let context = cast(&context.value(0), &DataType::Utf8)?;
        let context: Vec<Option<&str>> = context.as_string::<i32>().iter().collect();
        if context.iter().all(Option::is_some) {
            return Err(group.invalid("a context must have a NULL"));
        }
        let mut counts: HashMap<Vec<String>, f64> = HashMap::new();
        for sentence in sentences(&group.column(0)?)? {
            for window in sentence.windows(context.len()) {
                if window.iter().zip(&context).all(|(word, wanted)| wanted.is_none_or(|wanted| wanted == word)) {
                    let found = window.iter().zip(&context).filter(|(_, wanted)| wanted.is_none());
                    *counts.entry(found.map(|(word, _)| word.clone()).collect()).or_default() += 1.0;
                }
            }
        }
        most_frequent(group, counts, most)
    },
    description: "The k sequences of words that stand most often in the places that a context leaves open.",
    example: "SELECT context_ngrams(sentences('I am. I was.'), array('I', NULL), 2);",
    ..BASE
};

pub(super) static FUNCTIONS: &[&Gathered] = &[&CONTEXT_NGRAMS, &NGRAMS];

fn words_type(given: &DataType) -> DataType {
    let words = DataType::new_list(DataType::Utf8, true);
    match given {
        DataType::List(item) if matches!(item.data_type(), DataType::List(_) | DataType::LargeList(_)) => {
            DataType::new_list(words, true)
        }
        _ => words,
    }
}

fn sequence_fields() -> Fields {
    let words = DataType::new_list(DataType::Utf8, true);
    Fields::from(vec![Field::new("ngram", words, true), Field::new("estfrequency", DataType::Float64, true)])
}

fn sequences_type(_: &[DataType], _: mead_common::Dialect) -> Option<DataType> {
    Some(DataType::new_list(DataType::Struct(sequence_fields()), true))
}

/// The sentences of all rows. NULL is no word.
fn sentences(values: &ArrayRef) -> Result<Vec<Vec<String>>> {
    let words = |words: &StringArray| words.iter().flatten().map(str::to_owned).collect::<Vec<String>>();
    let mut found = Vec::new();
    let lists = values.as_list::<i32>();
    for row in (0..lists.len()).filter(|row| lists.is_valid(*row)) {
        let list = lists.value(row);
        match list.as_list_opt::<i32>() {
            Some(inner) => {
                let valid = (0..inner.len()).filter(|place| inner.is_valid(*place));
                found.extend(valid.map(|place| words(inner.value(place).as_string::<i32>())));
            }
            None => found.push(words(list.as_string::<i32>())),
        }
    }
    Ok(found)
}

fn most_frequent(group: &Group, counts: HashMap<Vec<String>, f64>, most: i64) -> Result<ScalarValue> {
    if counts.is_empty() {
        return group.null();
    }
    let mut found: Vec<(Vec<String>, f64)> = counts.into_iter().collect();
    found.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let mut words = ListBuilder::new(StringBuilder::new());
    for (sequence, _) in &found {
        sequence.iter().for_each(|word| words.values().append_value(word));
        words.append(true);
    }
    let counts: Float64Array = found.iter().map(|(_, count)| *count).collect::<Vec<_>>().into();
    list_value(Arc::new(StructArray::try_new(
        sequence_fields(),
        vec![Arc::new(words.finish()), Arc::new(counts)],
        None,
    )?))
}
