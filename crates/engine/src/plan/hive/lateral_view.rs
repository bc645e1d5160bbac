//! Lateral views: a relation, and for each of its rows those that a table function makes of it.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, TableReference};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{FunctionArg, FunctionArgExpr, FunctionArguments, TableFactor};
use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_functions::hive::table_function;
use mead_parser::LateralView;

use super::coercion::narrow;
use super::transform;
use crate::error::into_datafusion;
use crate::operator::generate::GenerateNode;

/// Plans what the parser has marked as a lateral view.
pub(crate) struct LateralViewPlanner(pub Dialect);

impl fmt::Debug for LateralViewPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LateralViewPlanner")
    }
}

impl RelationPlanner for LateralViewPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        match LateralView::read(relation) {
            Ok(view) if transform::is_transform(&view) => {
                let plan = transform::plan(view, self.0, context)?;
                Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
            }
            Ok(view) => {
                let plan = self.plan(view, context)?;
                Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
            }
            Err(other) => Ok(RelationPlanning::Original(other)),
        }
    }
}

impl LateralViewPlanner {
    fn plan(&self, view: LateralView, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
        let input = context.plan(view.input)?;
        let name = view.function.name.to_string().to_lowercase();
        // `explode_outer` is `explode` that keeps the rows it makes none of.
        let plain = name.strip_suffix("_outer");
        let function = table_function(self.0, plain.unwrap_or(&name)).ok_or_else(|| {
            let message = format!("table function {name} does not exist");
            into_datafusion(Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, message))
        })?;
        let outer = view.outer || plain.is_some();
        let FunctionArguments::List(list) = view.function.args else {
            return Err(into_datafusion(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                format!("{name} takes a list of arguments"),
            )));
        };
        let mut arguments = Vec::with_capacity(list.args.len());
        for argument in list.args {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument else {
                return Err(into_datafusion(Diagnostic::unsupported(format!(
                    "{name} with named arguments or * is not supported"
                ))));
            };
            arguments.push(narrow_all(context.sql_to_expr(argument, input.schema())?)?);
        }
        let literals = arguments.iter().map(|argument| match argument {
            Expr::Literal(value, _) => Some(value.clone()),
            _ => None,
        });
        let literals = literals.collect();
        let (relation, names) = match view.alias {
            Some(alias) => {
                let names: Vec<String> =
                    alias.columns.into_iter().map(|column| context.normalize_ident(column.name)).collect();
                (Some(TableReference::bare(context.normalize_ident(alias.name))), names)
            }
            None => (None, Vec::new()),
        };
        // The arguments are columns of what is below, where DataFusion's own rules find them.
        let kept = input.schema().columns().len();
        let mut projected: Vec<Expr> = input.schema().columns().into_iter().map(Expr::Column).collect();
        projected
            .extend(arguments.into_iter().enumerate().map(|(place, argument)| argument.alias(argument_name(place))));
        let below = LogicalPlanBuilder::from(input).project(projected)?.build()?;
        let node = GenerateNode::try_new(below, kept, function, (literals, names), relation, outer)?;
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(node) }))
    }
}

/// Numbers that are written, also within arrays: the columns' types are settled here.
fn narrow_all(argument: Expr) -> Result<Expr> {
    Ok(argument.transform(|expr| Ok(Transformed::yes(narrow(expr))))?.data)
}

fn argument_name(place: usize) -> String {
    format!("\u{1}argument_{place}")
}
