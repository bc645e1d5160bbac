//! Turns an aggregate of TRAIN calls into a [`TrainNode`].
//!
//! An aggregate's `evaluate` would train on a query thread, without a memory reservation of its own and deaf to
//! cancellation. The operator that takes its place does none of that, and runs once a statement.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, Alias};
use datafusion::logical_expr::{Aggregate, Expr, Extension, Filter, LogicalPlan, Projection};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use mead_common::{Diagnostic, sqlstate};

use crate::error::into_datafusion;
use crate::operator::train::{TrainCall, TrainNode, options_of};

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct LiftTraining;

impl OptimizerRule for LiftTraining {
    fn name(&self) -> &str {
        "lift_training"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(aggregate) = plan else {
            return Ok(Transformed::no(plan));
        };
        if !aggregate.aggr_expr.iter().any(|expr| call_of(expr).is_some()) {
            return Ok(Transformed::no(LogicalPlan::Aggregate(aggregate)));
        }
        Ok(Transformed::yes(lift(aggregate)?))
    }
}

/// The TRAIN call that an aggregate expression is, if it is one.
fn call_of(expr: &Expr) -> Option<&AggregateFunction> {
    match expr {
        Expr::Alias(Alias { expr, .. }) => call_of(expr),
        Expr::AggregateFunction(function) if mead_functions::train::is_train(&function.func) => Some(function),
        _ => None,
    }
}

fn lift(aggregate: Aggregate) -> Result<LogicalPlan> {
    let calls: Option<Vec<&AggregateFunction>> = aggregate.aggr_expr.iter().map(call_of).collect();
    let Some(calls) = calls else {
        return refuse("a TRAIN function cannot stand beside other aggregate functions in one SELECT")
            .map_err(|error| with_hint(error, "train in a subquery of its own and join it"));
    };
    if aggregate.group_expr.iter().any(|expr| matches!(expr, Expr::GroupingSet(_))) {
        return refuse("a TRAIN function cannot be used with GROUPING SETS, ROLLUP or CUBE");
    }
    let filter = common_filter(&calls)?;
    let mut columns: Vec<Expr> = Vec::new();
    for (index, expr) in aggregate.group_expr.iter().enumerate() {
        columns.push(expr.clone().alias(format!("group_{index}")));
    }
    let mut described = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        let (arguments, options) = arguments_of(call)?;
        let Some((label, features)) = arguments.split_last() else {
            return refuse("a TRAIN function takes features and a label");
        };
        for (index, argument) in arguments.iter().enumerate() {
            columns.push((*argument).clone().alias(format!("call_{number}_{index}")));
        }
        let call = TrainCall {
            function: call.func.name().to_owned(),
            options,
            feature_names: features.iter().map(|feature| column_name(feature)).collect(),
            label_name: column_name(label),
        };
        // A wrong option is an error of the statement, before any row is read.
        options_of(&call).map_err(into_datafusion)?;
        described.push(call);
    }
    let mut input = aggregate.input;
    if let Some(filter) = filter {
        input = Arc::new(LogicalPlan::Filter(Filter::try_new(filter, input)?));
    }
    let input = LogicalPlan::Projection(Projection::try_new(columns, input)?);
    Ok(LogicalPlan::Extension(Extension {
        node: Arc::new(TrainNode {
            input: Arc::new(input),
            groups: aggregate.group_expr.len(),
            calls: described,
            schema: aggregate.schema,
        }),
    }))
}

/// The `FILTER (WHERE …)` of the calls, which must be the same for all: it is applied below the operator.
fn common_filter(calls: &[&AggregateFunction]) -> Result<Option<Expr>> {
    for call in calls {
        if call.params.distinct || !call.params.order_by.is_empty() {
            return refuse("a TRAIN function takes neither DISTINCT nor ORDER BY").map_err(|error| {
                with_hint(error, "remove duplicates in a subquery; the order of rows is shuffled by the seed")
            });
        }
    }
    let mut filters = calls.iter().map(|call| call.params.filter.as_deref());
    let first = filters.next().flatten();
    if filters.any(|filter| filter != first) {
        return refuse("TRAIN functions of one SELECT must have the same FILTER");
    }
    Ok(first.cloned())
}

/// The arguments without the options, and the options, which must be constant by now.
fn arguments_of(call: &AggregateFunction) -> Result<(Vec<&Expr>, Option<ScalarValue>)> {
    let arguments: Vec<&Expr> = call.params.args.iter().collect();
    match arguments.split_last() {
        Some((Expr::Literal(options @ ScalarValue::Struct(_), _), rest)) => Ok((rest.to_vec(), Some(options.clone()))),
        Some((Expr::ScalarFunction(function), _)) if function.name() == "named_struct" => {
            Err(into_datafusion(Diagnostic::new(
                sqlstate::INVALID_PARAMETER_VALUE,
                format!("the options of {} must be constants", call.func.name().to_uppercase()),
            )))
        }
        _ => Ok((arguments, None)),
    }
}

/// What the query calls a column; an expression goes by its text.
fn column_name(expr: &Expr) -> String {
    match expr {
        Expr::Column(column) => column.name.clone(),
        Expr::Alias(alias) => alias.name.clone(),
        Expr::Cast(cast) => column_name(&cast.expr),
        other => other.schema_name().to_string(),
    }
}

fn refuse<T>(message: &str) -> std::result::Result<T, datafusion::error::DataFusionError> {
    Err(into_datafusion(Diagnostic::unsupported(message)))
}

fn with_hint(error: datafusion::error::DataFusionError, hint: &str) -> datafusion::error::DataFusionError {
    into_datafusion(crate::error::diagnostic_of(&error).with_hint(hint))
}
