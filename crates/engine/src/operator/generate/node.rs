//! The logical node.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{DFSchema, DFSchemaRef, Result, TableReference, internal_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use mead_functions::hive::TableFunction;

/// A table function over the rows of a relation.
///
/// The input's columns are those of the relation, then the function's arguments. The output's are those of the relation, then
/// those that the function makes.
#[derive(Clone)]
pub(crate) struct GenerateNode {
    pub input: Arc<LogicalPlan>,
    /// How many of the input's columns are the relation's.
    pub kept: usize,
    pub function: Arc<dyn TableFunction>,
    pub columns: Vec<FieldRef>,
    pub relation: Option<TableReference>,
    /// Rows that the function makes nothing of are kept, beside NULLs.
    pub outer: bool,
    pub schema: DFSchemaRef,
}

impl GenerateNode {
    pub(crate) fn try_new(
        input: LogicalPlan,
        kept: usize,
        function: Arc<dyn TableFunction>,
        columns: Vec<FieldRef>,
        relation: Option<TableReference>,
        outer: bool,
    ) -> Result<Self> {
        let of_relation =
            input.schema().iter().take(kept).map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)));
        let made = columns.iter().map(|column| (relation.clone(), Arc::clone(column)));
        let fields = of_relation.chain(made).collect();
        let schema = Arc::new(DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?);
        Ok(Self { input: Arc::new(input), kept, function, columns, relation, outer, schema })
    }
}

impl PartialEq for GenerateNode {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input
            && self.kept == other.kept
            && self.function.name() == other.function.name()
            && self.columns == other.columns
            && self.relation == other.relation
            && self.outer == other.outer
    }
}

impl Eq for GenerateNode {}

impl Hash for GenerateNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.function.name().hash(state);
        self.columns.hash(state);
        self.outer.hash(state);
    }
}

impl PartialOrd for GenerateNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl fmt::Debug for GenerateNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        UserDefinedLogicalNodeCore::fmt_for_explain(self, f)
    }
}

impl UserDefinedLogicalNodeCore for GenerateNode {
    fn name(&self) -> &str {
        "Generate"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        // A projection below computes the arguments.
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Generate: {}", describe(self.function.name(), self.outer, &self.columns))
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let (Some(input), true, true) = (inputs.pop(), inputs.is_empty(), exprs.is_empty()) else {
            return internal_err!("Generate takes one input and no expressions");
        };
        let (function, columns) = (Arc::clone(&self.function), self.columns.clone());
        Self::try_new(input, self.kept, function, columns, self.relation.clone(), self.outer)
    }
}

/// `explode → col`
pub(super) fn describe(name: &str, outer: bool, columns: &[FieldRef]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name().as_str()).collect();
    format!("{}{name} → {}", if outer { "outer " } else { "" }, names.join(", "))
}
