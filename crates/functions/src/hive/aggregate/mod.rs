//! Aggregate functions of Hive and Spark: those of DataFusion with Hive's types, and those that DataFusion has not.

mod by_order;
mod collect;
mod gathered;
mod histogram;
mod moments;
mod ngrams;
mod percentile;
mod reading;
mod renamed;
mod total;

use datafusion::logical_expr::{AggregateUDF, DocSection};
use mead_common::Dialect;

use gathered::Gathered;

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Hive aggregate functions",
    description: Some("NULLs do not count, if nothing else is said."),
};

pub(super) fn functions(dialect: Dialect) -> Vec<AggregateUDF> {
    let both = [collect::FUNCTIONS, histogram::FUNCTIONS, ngrams::FUNCTIONS, percentile::FUNCTIONS].concat();
    let spark = [by_order::SPARK, moments::SPARK, percentile::SPARK].concat();
    let own: Vec<&'static Gathered> = match dialect {
        Dialect::Spark => [both, spark].concat(),
        _ => [both, percentile::HIVE.to_vec()].concat(),
    };
    let own = own.into_iter().map(|gathered| gathered.function(dialect));
    renamed::functions(dialect).into_iter().chain(total::functions(dialect)).chain(own).collect()
}
