//! Sums, differences and products of whole numbers that do not fit their type are errors (22003), as in PostgreSQL; DataFusion
//! lets them wrap around.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, Datum};
use datafusion::arrow::compute::kernels::numeric::{add, mul, sub};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility, cast,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_expr_common::datum::apply;
use mead_common::{Diagnostic, sqlstate};

use crate::error::{into_datafusion, type_name};

/// Unsigned numbers, which `row_number()` and its like give, are bigint in arithmetic: their difference may be negative. Comes
/// before the rule that brings both sides to one type.
#[derive(Debug)]
pub(crate) struct SignedOperands;

impl AnalyzerRule for SignedOperands {
    fn name(&self) -> &str {
        "signed_operands"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        rewrite(plan, sign)
    }
}

/// See the module's documentation. Comes after the rule that brings both sides to one type.
#[derive(Debug)]
pub(crate) struct CheckedArithmetic;

impl AnalyzerRule for CheckedArithmetic {
    fn name(&self) -> &str {
        "checked_arithmetic"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        rewrite(plan, check)
    }
}

/// Every expression of a plan and of its subqueries; the columns' names stay.
fn rewrite(plan: LogicalPlan, one: fn(Expr, &DFSchema) -> Transformed<Expr>) -> Result<LogicalPlan> {
    let rewritten = plan.transform_up_with_subqueries(|plan| {
        let schema = merge_schema(&plan.inputs());
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| Ok(one(expr, &schema)))?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?
        .map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(rewritten.data)
}

fn sign(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let Expr::BinaryExpr(BinaryExpr { left, op, right }) = expr else { return Transformed::no(expr) };
    let is_unsigned = |side: &Expr| side.get_type(schema).is_ok_and(|data_type| data_type == DataType::UInt64);
    let sides = [is_unsigned(&left), is_unsigned(&right)];
    if !op.is_numerical_operators() || sides == [false, false] {
        return Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }));
    }
    let signed = |side: Box<Expr>, is_unsigned: bool| {
        if is_unsigned { Box::new(cast(*side, DataType::Int64)) } else { side }
    };
    let (left, right) = (signed(left, sides[0]), signed(right, sides[1]));
    Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right }))
}

fn check(expr: Expr, schema: &DFSchema) -> Transformed<Expr> {
    let Expr::BinaryExpr(binary) = expr else { return Transformed::no(expr) };
    // An expression whose type cannot be told here, such as one of an outer query, is left to wrap around.
    match (function(binary.op), binary.left.get_type(schema), binary.right.get_type(schema)) {
        (Some(function), Ok(left), Ok(right)) if left.is_signed_integer() && left == right => {
            let call = ScalarFunction::new_udf(function, vec![*binary.left, *binary.right]);
            Transformed::yes(Expr::ScalarFunction(call))
        }
        _ => Transformed::no(Expr::BinaryExpr(binary)),
    }
}

fn function(operator: Operator) -> Option<Arc<ScalarUDF>> {
    static ADD: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf("checked_add", Kind::Add));
    static SUBTRACT: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf("checked_subtract", Kind::Subtract));
    static MULTIPLY: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| udf("checked_multiply", Kind::Multiply));
    match operator {
        Operator::Plus => Some(Arc::clone(&ADD)),
        Operator::Minus => Some(Arc::clone(&SUBTRACT)),
        Operator::Multiply => Some(Arc::clone(&MULTIPLY)),
        _ => None,
    }
}

fn udf(name: &'static str, kind: Kind) -> Arc<ScalarUDF> {
    let signature = Signature::any(2, Volatility::Immutable);
    Arc::new(ScalarUDF::from(Checked { name, kind, signature }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Add,
    Subtract,
    Multiply,
}

/// One operator. Only this rule calls it, with two arguments of one type of whole numbers.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Checked {
    name: &'static str,
    kind: Kind,
    signature: Signature,
}

impl ScalarUDFImpl for Checked {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        arguments.first().cloned().ok_or_else(|| DataFusionError::Internal(format!("{} without arguments", self.name)))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [left, right] = arguments.args.as_slice() else {
            return Err(DataFusionError::Internal(format!("{} takes two arguments", self.name)));
        };
        let kernel: fn(&dyn Datum, &dyn Datum) -> std::result::Result<ArrayRef, ArrowError> = match self.kind {
            Kind::Add => add,
            Kind::Subtract => sub,
            Kind::Multiply => mul,
        };
        apply(left, right, kernel).map_err(|error| match error {
            DataFusionError::ArrowError(inner, _) if matches!(*inner, ArrowError::ArithmeticOverflow(_)) => {
                let data_type = type_name(&left.data_type().to_string());
                let message = format!("{data_type} out of range");
                into_datafusion(Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message))
            }
            other => other,
        })
    }
}
