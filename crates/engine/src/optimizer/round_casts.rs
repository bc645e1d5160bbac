//! A number with a fraction becomes a whole number by rounding, as in PostgreSQL; DataFusion cuts the fraction off.

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::functions::math::expr_fn::round;
use datafusion::logical_expr::expr::Cast;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

/// Comes after the rules that put casts in.
#[derive(Debug)]
pub(crate) struct RoundCasts;

impl AnalyzerRule for RoundCasts {
    fn name(&self) -> &str {
        "round_casts"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rounded = plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let expr = expr.transform_up(|expr| match expr {
                    Expr::Cast(Cast { expr, field })
                        if field.data_type().is_integer() && !is_round(&expr) && has_fraction(&expr, &schema) =>
                    {
                        Ok(Transformed::yes(Expr::Cast(Cast { expr: Box::new(round(vec![*expr])), field })))
                    }
                    other => Ok(Transformed::no(other)),
                })?;
                Ok(expr.update_data(|expr| name.restore(expr)))
            })
        })?;
        Ok(rounded.data)
    }
}

fn is_round(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if call.func.name() == "round" && call.args.len() == 1)
}

/// An expression whose type cannot be told here, such as one of an outer query, stays as it is.
fn has_fraction(expr: &Expr, schema: &DFSchema) -> bool {
    expr.get_type(schema).is_ok_and(|data_type| data_type.is_floating() || data_type.is_decimal())
}
