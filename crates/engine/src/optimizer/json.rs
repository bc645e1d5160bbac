//! json is text that is checked where it becomes json, and that has neither an equality nor an order: what needs one is
//! refused (42883), as in PostgreSQL.

use std::sync::Arc;

use datafusion::arrow::datatypes::Field;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::{Cast, InList};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{Distinct, Expr, ExprSchemable, LogicalPlan, cast};
use datafusion::optimizer::AnalyzerRule;
use mead_common::{Diagnostic, sqlstate, text};
use mead_functions::types::{EXTENSION_NAME, JSON, JSON_ELEMENTS, is_json, is_text};

use crate::error::into_datafusion;
use crate::plan::literal::{failed, unknown};
use crate::plan::sql_type::{check_comparable, read_json};

/// See the module's documentation. Comes before the rules that read literals and put casts in.
#[derive(Debug)]
pub(crate) struct Json;

impl AnalyzerRule for Json {
    fn name(&self) -> &str {
        "json"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let checked = plan.transform_up_with_subqueries(|plan| {
            check(&plan)?;
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let expr = expr.transform_up(|expr| read(expr, &schema))?;
                Ok(expr.update_data(|expr| name.restore(expr)))
            })?
            .map_data(LogicalPlan::recompute_schema)
        })?;
        Ok(checked.data)
    }
}

/// A cast of text to json, or to an array of it, reads the text.
fn read(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Cast(Cast { expr, field }) if names_json(&field) => {
            let source = expr.to_field(schema).map(|(_, source)| source);
            let is_read = source.is_ok_and(|source| names_json(&source) && source.data_type() == field.data_type());
            Ok(Transformed::yes(match is_read {
                true => *expr,
                false => {
                    if is_text(field.data_type()) {
                        check_literal("json_in", &expr)?;
                    }
                    read_json(cast(*expr, field.data_type().clone()))
                }
            }))
        }
        Expr::ScalarFunction(call) => {
            if let [argument] = call.args.as_slice() {
                check_literal(call.name(), argument)?;
            }
            Ok(Transformed::no(Expr::ScalarFunction(call)))
        }
        Expr::InList(InList { expr, list, negated }) => {
            list.iter().try_for_each(|item| check_comparable("=", &expr, item, schema))?;
            Ok(Transformed::no(Expr::InList(InList { expr, list, negated })))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// A literal that is no value of the type it is cast to is known by its place in the statement.
fn check_literal(function: &str, argument: &Expr) -> Result<()> {
    let Some(literal) = unknown(argument) else { return Ok(()) };
    let read = match function {
        "json_in" => text::json(literal),
        "uuid_in" => text::uuid(literal).map(|_| ()),
        _ => Ok(()),
    };
    read.map_err(|report| failed(literal, into_datafusion(report)))
}

/// json, or an array of it.
fn names_json(field: &Field) -> bool {
    field.metadata().get(EXTENSION_NAME).is_some_and(|name| name == JSON || name == JSON_ELEMENTS)
}

fn check(plan: &LogicalPlan) -> Result<()> {
    let schema = merge_schema(&plan.inputs());
    let holds = |expr: &Expr| expr.to_field(&schema).is_ok_and(|(_, field)| is_json(&field));
    let is_column = |field: &Arc<Field>| is_json(field);
    match plan {
        LogicalPlan::Sort(sort) if sort.expr.iter().any(|sorted| holds(&sorted.expr)) => Err(into_datafusion(
            without("an ordering").with_hint("use an explicit ordering operator or modify the query"),
        )),
        LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.iter().any(holds) => {
            Err(into_datafusion(without("an equality")))
        }
        LogicalPlan::Distinct(Distinct::All(input)) if input.schema().fields().iter().any(is_column) => {
            Err(into_datafusion(without("an equality")))
        }
        LogicalPlan::Distinct(Distinct::On(on)) if on.on_expr.iter().any(holds) => {
            Err(into_datafusion(without("an equality")))
        }
        LogicalPlan::Join(join) => {
            join.on.iter().try_for_each(|(left, right)| check_comparable("=", left, right, &schema))
        }
        _ => Ok(()),
    }
}

fn without(operator: &str) -> Diagnostic {
    let message = format!("could not identify {operator} operator for type json");
    Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, message)
}
