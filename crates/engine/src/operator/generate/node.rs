//! The logical node.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{DFSchema, DFSchemaRef, Result, ScalarValue, TableReference, internal_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use mead_common::{Diagnostic, sqlstate};
use mead_functions::hive::{TableCall, TableFunction};

use crate::error::into_datafusion;

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
    /// The arguments that are literals, as they were written.
    pub literals: Vec<Option<ScalarValue>>,
    /// What the user calls the function's columns; none where they have their own names.
    pub names: Vec<String>,
    /// The function's columns, of the types that the arguments have by now.
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
        (literals, names): (Vec<Option<ScalarValue>>, Vec<String>),
        relation: Option<TableReference>,
        outer: bool,
    ) -> Result<Self> {
        let columns = columns(&input, kept, function.as_ref(), &literals, &names)?;
        let of_relation =
            input.schema().iter().take(kept).map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field)));
        let made = columns.iter().map(|column| (relation.clone(), Arc::clone(column)));
        let fields = of_relation.chain(made).collect();
        let schema = Arc::new(DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?);
        Ok(Self { input: Arc::new(input), kept, function, literals, names, columns, relation, outer, schema })
    }
}

/// The columns of a call whose arguments are the input's columns from `kept` on.
fn columns(
    input: &LogicalPlan,
    kept: usize,
    function: &dyn TableFunction,
    literals: &[Option<ScalarValue>],
    names: &[String],
) -> Result<Vec<FieldRef>> {
    let fields: Vec<FieldRef> = input.schema().fields().iter().skip(kept).map(Arc::clone).collect();
    let literals: Vec<Option<&ScalarValue>> = literals.iter().map(Option::as_ref).collect();
    let columns = function.columns(&TableCall { fields: &fields, literals: &literals })?;
    if names.is_empty() {
        return Ok(columns);
    }
    if names.len() != columns.len() {
        let message =
            format!("{} gives {} columns, but {} names are given", function.name(), columns.len(), names.len());
        return Err(into_datafusion(Diagnostic::new(sqlstate::SYNTAX_ERROR, message)));
    }
    let named = columns.iter().zip(names).map(|(column, name)| Arc::new(column.as_ref().clone().with_name(name)));
    Ok(named.collect())
}

impl PartialEq for GenerateNode {
    fn eq(&self, other: &Self) -> bool {
        self.input == other.input
            && self.kept == other.kept
            && self.function.name() == other.function.name()
            && self.literals == other.literals
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
        // Rules may have given the arguments other types.
        let said = (self.literals.clone(), self.names.clone());
        Self::try_new(input, self.kept, Arc::clone(&self.function), said, self.relation.clone(), self.outer)
    }
}

/// `explode → col`
pub(super) fn describe(name: &str, outer: bool, columns: &[FieldRef]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name().as_str()).collect();
    format!("{}{name} → {}", if outer { "outer " } else { "" }, names.join(", "))
}
