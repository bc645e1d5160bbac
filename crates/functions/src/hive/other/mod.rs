//! Functions that hash, encrypt and mask, that take URLs apart, and that tell of the session.

mod aes;
mod digest;
mod hash;
mod mask;
mod murmur;
mod parse_url;
mod reflect;
mod session;
mod surrogate_key;
mod type_of;

use datafusion::logical_expr::DocSection;
use mead_common::Dialect;

use super::definition::Definition;

pub(super) use parse_url::part as url_part;
pub(super) use reflect::{decode as url_decoded, encode as url_encoded};

pub(super) const SECTION: DocSection =
    DocSection { include: true, label: "Hive miscellaneous functions", description: None };

pub(super) fn definitions(dialect: Dialect) -> Vec<&'static Definition> {
    let both = [
        aes::FUNCTIONS,
        digest::FUNCTIONS,
        hash::FUNCTIONS,
        mask::FUNCTIONS,
        murmur::FUNCTIONS,
        parse_url::FUNCTIONS,
        reflect::FUNCTIONS,
        session::FUNCTIONS,
        surrogate_key::FUNCTIONS,
    ]
    .concat();
    match dialect {
        // Spark's hash is the one that Hive calls murmur_hash, with another seed.
        Dialect::Spark => [both, murmur::SPARK.to_vec(), type_of::SPARK.to_vec()].concat(),
        _ => both,
    }
}
