//! Functions of text. A value of any primitive type is read as text.

mod affix;
mod base64;
mod case;
mod charset;
pub mod column_pattern;
mod concat;
mod elt;
mod find;
mod format_number;
mod java_regex;
mod length;
mod levenshtein;
mod pad;
mod printf;
mod quote;
mod regexp_extract;
mod regexp_replace;
mod repeat;
mod replace;
mod sentences;
mod soundex;
mod split;
mod substr;
mod trim;

use datafusion::logical_expr::DocSection;
use mead_common::Dialect;

pub(super) use charset::decode as decode_charset;
pub(super) use java_regex::Regexes;
pub(super) use split::parts;

use super::definition::Definition;

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Hive string functions",
    description: Some("A value of any primitive type is read as text."),
};

pub(super) fn definitions(dialect: Dialect) -> Vec<&'static Definition> {
    let both = [
        base64::FUNCTIONS,
        case::FUNCTIONS,
        charset::FUNCTIONS,
        concat::FUNCTIONS,
        elt::FUNCTIONS,
        find::FUNCTIONS,
        format_number::FUNCTIONS,
        length::FUNCTIONS,
        levenshtein::FUNCTIONS,
        pad::FUNCTIONS,
        printf::FUNCTIONS,
        quote::FUNCTIONS,
        regexp_extract::FUNCTIONS,
        regexp_replace::FUNCTIONS,
        repeat::FUNCTIONS,
        replace::FUNCTIONS,
        sentences::FUNCTIONS,
        soundex::FUNCTIONS,
        split::FUNCTIONS,
        substr::FUNCTIONS,
        trim::FUNCTIONS,
    ]
    .concat();
    match dialect {
        Dialect::Spark => [
            both,
            affix::SPARK.to_vec(),
            find::SPARK.to_vec(),
            regexp_extract::SPARK.to_vec(),
            split::SPARK.to_vec(),
            substr::SPARK.to_vec(),
        ]
        .concat(),
        _ => both,
    }
}
