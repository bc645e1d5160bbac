//! The logical node that a TRAIN aggregate becomes.

use std::cmp::Ordering;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use datafusion::common::{DFSchemaRef, Result, ScalarValue, internal_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

/// One `TRAIN_…(features, label, options)` of the statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TrainCall {
    /// The function's name, in lower case.
    pub function: String,
    /// The options as one struct literal, if any were given.
    pub options: Option<ScalarValue>,
    /// What the features and the label are called in the query; the model remembers them.
    pub feature_names: Vec<String>,
    pub label_name: String,
}

impl TrainCall {
    /// How many columns of the input belong to the call: features, then the label.
    pub(crate) fn width(&self) -> usize {
        self.feature_names.len() + 1
    }
}

/// Trains one model for each group and call.
///
/// The input's columns are, in order: `groups` grouping columns, then the columns of each call. The output's are the
/// grouping columns, then one MODEL a call, as in the aggregate that the node replaces.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct TrainNode {
    pub input: Arc<LogicalPlan>,
    pub groups: usize,
    pub calls: Vec<TrainCall>,
    pub schema: DFSchemaRef,
}

impl fmt::Debug for TrainNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        UserDefinedLogicalNodeCore::fmt_for_explain(self, f)
    }
}

impl PartialOrd for TrainNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for TrainNode {
    fn name(&self) -> &str {
        "Train"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        // A projection below the node computes every column it reads.
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Train: groups={}, calls=[", self.groups)?;
        describe_calls(&self.calls, f)?;
        write!(f, "]")
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let (Some(input), true, true) = (inputs.pop(), inputs.is_empty(), exprs.is_empty()) else {
            return internal_err!("Train takes one input and no expressions");
        };
        Ok(Self { input: Arc::new(input), ..self.clone() })
    }
}

/// `train_cnn(image, label; {epochs: 5})`, for EXPLAIN.
pub(crate) fn describe_calls(calls: &[TrainCall], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (index, call) in calls.iter().enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        write!(f, "{separator}{}({}, {}", call.function, call.feature_names.join(", "), call.label_name)?;
        if let Some(options) = &call.options {
            write!(f, "; {options}")?;
        }
        write!(f, ")")?;
    }
    Ok(())
}
