//! Casts as PostgreSQL does them where DataFusion's differ, and functions whose types are fixed once a plan has types.
//!
//! A number with a fraction becomes a whole number by rounding; text is read as bytea or as an array.

use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{AggregateFunction, Cast, ScalarFunction, WindowFunctionDefinition};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan};
use datafusion::optimizer::AnalyzerRule;

use crate::plan::literal::{is_readable, read, unknown};

/// See the module's documentation. Comes after the rules that put casts in.
#[derive(Debug)]
pub(crate) struct PostgresCasts;

impl AnalyzerRule for PostgresCasts {
    fn name(&self) -> &str {
        "postgres_casts"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let rewritten = plan.transform_up_with_subqueries(|plan| {
            let mut schema = merge_schema(&plan.inputs());
            if let LogicalPlan::TableScan(scan) = &plan {
                let source = DFSchema::try_from_qualified_schema(scan.table_name.clone(), &scan.source.schema())?;
                schema.merge(&source);
            }
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let expr = expr.transform_up(|expr| one(expr, &schema))?;
                Ok(expr.update_data(|expr| name.restore(expr)))
            })
        })?;
        Ok(rewritten.data)
    }
}

fn one(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(cast) => self::cast(cast, schema),
        Expr::ScalarFunction(call) => Ok(match mead_functions::freeze_places(call) {
            Ok(frozen) => Transformed::yes(Expr::ScalarFunction(frozen)),
            Err(call) => Transformed::no(Expr::ScalarFunction(call)),
        }),
        Expr::AggregateFunction(call) => {
            let result = Expr::AggregateFunction(call.clone()).get_type(schema);
            match result.ok().and_then(|result| mead_functions::freeze_sum(&call.func, &result)) {
                Some(func) => Ok(Transformed::yes(Expr::AggregateFunction(AggregateFunction { func, ..call }))),
                None => Ok(Transformed::no(Expr::AggregateFunction(call))),
            }
        }
        Expr::WindowFunction(mut call) => {
            let result = Expr::WindowFunction(call.clone()).get_type(schema);
            if let WindowFunctionDefinition::AggregateUDF(function) = &call.fun
                && let Some(frozen) = result.ok().and_then(|result| mead_functions::freeze_sum(function, &result))
            {
                call.fun = WindowFunctionDefinition::AggregateUDF(frozen);
                return Ok(Transformed::yes(Expr::WindowFunction(call)));
            }
            Ok(Transformed::no(Expr::WindowFunction(call)))
        }
        other => Ok(Transformed::no(other)),
    }
}

fn cast(cast: Cast, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let Cast { expr, field } = cast;
    if let Some(text) = unknown(&expr)
        && is_readable(field.data_type())
    {
        let literal = read(text, field.data_type(), None)?;
        if literal.get_type(schema)? == *field.data_type() {
            return Ok(Transformed::yes(literal));
        }
    }
    // An expression whose type cannot be told here, such as one of an outer query, stays as it is.
    let function = expr.get_type(schema).ok().and_then(|from| mead_functions::cast::function(&from, &field));
    Ok(match function {
        Some(function) => {
            let call = ScalarFunction::new_udf(Arc::new(function), vec![*expr]);
            Transformed::yes(Expr::ScalarFunction(call))
        }
        None => Transformed::no(Expr::Cast(Cast { expr, field })),
    })
}
