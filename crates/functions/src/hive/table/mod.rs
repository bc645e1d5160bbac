//! Table functions: of each row they make none, one or several. `LATERAL VIEW` and the select list call them.
//!
//! They are no functions of DataFusion's: the engine plans them with an operator of its own, which asks for the columns
//! while it plans and for the rows of each batch while it runs.

mod explode;
mod inline;
mod json_tuple;
mod parse_url_tuple;
mod stack;

use std::fmt::Debug;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, UInt32Array, UInt32Builder};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::FieldRef;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{DocSection, Documentation};
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, Dialect, sqlstate};

use crate::arguments::wrong_call;
use crate::error::external;

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Hive table functions",
    description: Some("They make several rows of one, in `LATERAL VIEW` or alone in a select list."),
};

/// A function that makes rows of a row.
pub trait TableFunction: Debug + Send + Sync {
    fn name(&self) -> &'static str;

    fn documentation(&self) -> Documentation;

    /// The columns of a call, with the names they have where none are given.
    fn columns(&self, call: &TableCall) -> Result<Vec<FieldRef>>;

    /// The rows that a batch's rows become. Each argument has `rows` values; `columns` is what [`TableFunction::columns`]
    /// answered.
    fn run(&self, arguments: &[ArrayRef], rows: usize, columns: &[FieldRef]) -> Result<TableRows>;
}

/// A call of a table function while it is planned.
#[derive(Debug, Clone, Copy)]
pub struct TableCall<'a> {
    pub fields: &'a [FieldRef],
    /// The arguments that are literals.
    pub literals: &'a [Option<&'a ScalarValue>],
}

impl TableCall<'_> {
    fn refuse(&self, function: &dyn TableFunction) -> DataFusionError {
        wrong_call(function.name(), self.fields, Some(&function.documentation())).into()
    }
}

/// What a batch's rows became.
#[derive(Debug, Clone)]
pub struct TableRows {
    /// For each row, the row of the batch that it was made of. Never decreasing.
    pub parents: UInt32Array,
    pub columns: Vec<ArrayRef>,
}

impl TableRows {
    /// The same with a row of NULLs for each of `rows` rows that made none (`LATERAL VIEW OUTER`).
    pub fn outer(self, rows: usize) -> Result<TableRows> {
        let mut parents = UInt32Builder::new();
        let mut from = UInt32Builder::new();
        let mut next = 0;
        for row in 0..rows as u32 {
            let first = next;
            while next < self.parents.len() && self.parents.value(next) == row {
                parents.append_value(row);
                from.append_value(next as u32);
                next += 1;
            }
            if next == first {
                parents.append_value(row);
                from.append_null();
            }
        }
        let from = from.finish();
        let columns = self.columns.iter().map(|column| take(column, &from, None)).collect::<Result<_, _>>()?;
        Ok(TableRows { parents: parents.finish(), columns })
    }
}

/// The table functions, in alphabetical order.
pub fn table_functions(dialect: Dialect) -> Vec<Arc<dyn TableFunction>> {
    match dialect {
        Dialect::Postgres => Vec::new(),
        Dialect::Hive | Dialect::Spark => vec![
            Arc::new(explode::Explode { positions: false }),
            Arc::new(inline::Inline),
            Arc::new(json_tuple::JsonTuple),
            Arc::new(parse_url_tuple::ParseUrlTuple),
            Arc::new(explode::Explode { positions: true }),
            Arc::new(stack::Stack),
        ],
    }
}

/// The table function of this name, in any case.
pub fn table_function(dialect: Dialect, name: &str) -> Option<Arc<dyn TableFunction>> {
    table_functions(dialect).into_iter().find(|function| function.name().eq_ignore_ascii_case(name))
}

/// A parent for each of the values that `counts` says; refused where there are more than a batch can have.
fn repeated(counts: impl Iterator<Item = usize>) -> Result<UInt32Array> {
    let mut parents = Vec::new();
    for (row, count) in counts.enumerate() {
        if parents.len() + count > i32::MAX as usize {
            let message = "a batch of rows became more rows than a batch can have";
            return Err(external(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message)));
        }
        parents.extend(std::iter::repeat_n(row as u32, count));
    }
    Ok(parents.into())
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Array, AsArray, Int32Array};
    use datafusion::arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn rows_that_made_none_get_nulls() {
        let column: ArrayRef = Arc::new(Int32Array::from(vec![10, 11, 12]));
        let rows = TableRows { parents: vec![1, 1, 3].into(), columns: vec![column] }.outer(5).unwrap();
        assert_eq!(rows.parents.values(), &[0, 1, 1, 2, 3, 4]);
        let values: Vec<_> = rows.columns[0].as_primitive::<Int32Type>().iter().collect();
        assert_eq!(values, [None, Some(10), Some(11), None, Some(12), None]);
        assert_eq!(rows.columns[0].len(), 6);
    }
}
