//! Hive's and Spark's types where expressions meet that DataFusion does not ask the planner about: IN, BETWEEN, CASE, UNION,
//! conditions, and whole numbers that are written. Comes before DataFusion's own rules.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::expr::{Alias, Between, Case, Exists, InList, InSubquery, Like};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, Expr, ExprSchemable, LogicalPlan, Operator, Projection, Subquery, Union, cast,
};
use datafusion::optimizer::AnalyzerRule;
use mead_common::Dialect;
use mead_functions::types::is_text;

use super::hive_values;
use crate::plan::hive::coercion::{narrow, of_comparison, of_either, to_type};
use crate::plan::hive::interval::{is_interval, length};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct HiveTypes(pub Dialect);

impl AnalyzerRule for HiveTypes {
    fn name(&self) -> &str {
        "hive_types"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let typed = plan.transform_up_with_subqueries(|plan| {
            // What is limited by is a bigint.
            if matches!(plan, LogicalPlan::Limit(_)) {
                return Ok(Transformed::no(plan));
            }
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            let typed = plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let expr = outer_references(expr, &schema)?;
                let expr = expr.transform_up(|expr| self.typed(expr, &schema))?;
                // What a lambda is called with is of the types that its arrays have now.
                let expr = match expr.data.exists(|expr| Ok(matches!(expr, Expr::HigherOrderFunction(_))))? {
                    true => Transformed::yes(expr.data.resolve_lambda_variables(&schema)?.data),
                    false => expr,
                };
                Ok(expr.update_data(|expr| name.restore(expr)))
            })?;
            let plan = match typed.data {
                LogicalPlan::Union(union) => united(union)?,
                LogicalPlan::Values(values) => hive_values::typed(values)?,
                LogicalPlan::Filter(mut filter) => {
                    filter.predicate = condition(filter.predicate, &schema);
                    LogicalPlan::Filter(filter)
                }
                plan => plan,
            };
            Ok(Transformed::yes(plan.recompute_schema()?))
        })?;
        Ok(typed.data)
    }
}

impl HiveTypes {
    fn typed(&self, expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
        match expr {
            Expr::Literal(..) => Ok(Transformed::yes(narrow(expr))),
            Expr::InList(in_list) => self.in_list(in_list, schema),
            Expr::InSubquery(in_subquery) => self.in_subquery(in_subquery, schema),
            Expr::Between(between) => self.between(between, schema),
            Expr::Like(like) => Ok(Transformed::yes(Expr::Like(texts(like, schema)))),
            Expr::Case(case) => self.case(case, schema),
            Expr::Not(inner) => Ok(Transformed::yes(Expr::Not(Box::new(condition(*inner, schema))))),
            Expr::BinaryExpr(BinaryExpr {
                left,
                op: op @ (Operator::IsDistinctFrom | Operator::IsNotDistinctFrom),
                right,
            }) => {
                let (left, right) = self.pair(*left, *right, schema);
                Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))))
            }
            other => Ok(Transformed::no(other)),
        }
    }

    /// Both as what they are compared as.
    fn pair(&self, left: Expr, right: Expr, schema: &DFSchema) -> (Expr, Expr) {
        let wanted = match (left.get_type(schema), right.get_type(schema)) {
            (Ok(of_left), Ok(of_right)) if is_interval(&of_left) && is_interval(&of_right) => {
                return (length(left), length(right));
            }
            (Ok(left), Ok(right)) => of_comparison(&left, &right, self.0),
            _ => None,
        };
        match wanted {
            Some(wanted) => (to_type(left, &wanted, schema), to_type(right, &wanted, schema)),
            None => (left, right),
        }
    }

    /// Items of several types are compared one by one.
    fn in_list(&self, in_list: InList, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let InList { expr, list, negated } = in_list;
        let Ok(own) = expr.get_type(schema) else {
            return Ok(Transformed::no(Expr::InList(InList { expr, list, negated })));
        };
        let wanted: Vec<Option<DataType>> =
            list.iter().map(|item| self.of_item(&own, &item.get_type(schema).ok()?)).collect();
        if wanted.iter().all(Option::is_none) {
            return Ok(Transformed::no(Expr::InList(InList { expr, list, negated })));
        }
        let as_type = |expr: Expr, wanted: &Option<DataType>| match wanted {
            Some(wanted) => to_type(expr, wanted, schema),
            None => expr,
        };
        if wanted.iter().all(|other| *other == wanted[0]) {
            let list = list.into_iter().map(|item| as_type(item, &wanted[0])).collect();
            let expr = Box::new(as_type(*expr, &wanted[0]));
            return Ok(Transformed::yes(Expr::InList(InList { expr, list, negated })));
        }
        let compared = list.into_iter().zip(&wanted).map(|(item, wanted)| {
            let (left, right) = (as_type(expr.as_ref().clone(), wanted), as_type(item, wanted));
            Expr::BinaryExpr(BinaryExpr::new(Box::new(left), Operator::Eq, Box::new(right)))
        });
        let found = compared.reduce(Expr::or).unwrap_or_else(|| datafusion::logical_expr::lit(false));
        Ok(Transformed::yes(if negated { Expr::Not(Box::new(found)) } else { found }))
    }

    /// What a value and an item of a list are compared as. Hive reads items as what the value is; in Spark text beside numbers
    /// makes text of all.
    fn of_item(&self, own: &DataType, item: &DataType) -> Option<DataType> {
        let number_beside_text = (is_text(own) && item.is_numeric()) || (own.is_numeric() && is_text(item));
        match number_beside_text && (is_text(own) || self.0 == Dialect::Spark) {
            true => Some(DataType::Utf8),
            false => of_comparison(own, item, self.0),
        }
    }

    fn in_subquery(&self, in_subquery: InSubquery, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let InSubquery { expr, mut subquery, negated } = in_subquery;
        let own = expr.get_type(schema)?;
        let wanted = match subquery.subquery.schema().fields().as_ref() {
            [member] => of_comparison(&own, member.data_type(), self.0),
            _ => None,
        };
        let Some(wanted) = wanted else {
            return Ok(Transformed::no(Expr::InSubquery(InSubquery { expr, subquery, negated })));
        };
        subquery.subquery = project(subquery.subquery, &[Some(wanted.clone())])?;
        let expr = Box::new(to_type(*expr, &wanted, schema));
        Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated })))
    }

    fn between(&self, between: Between, schema: &DFSchema) -> Result<Transformed<Expr>> {
        let types = [&between.expr, &between.low, &between.high].map(|expr| expr.get_type(schema));
        let [Ok(own), Ok(low), Ok(high)] = types else { return Ok(Transformed::no(Expr::Between(between))) };
        let differ = [&low, &high].iter().any(|other| of_comparison(&own, other, self.0).is_some());
        if !differ && !is_interval(&own) {
            return Ok(Transformed::no(Expr::Between(between)));
        }
        let Between { expr, negated, low, high } = between;
        let (left, low) = self.pair(expr.as_ref().clone(), *low, schema);
        let (right, high) = self.pair(*expr, *high, schema);
        let inside = left.gt_eq(low).and(right.lt_eq(high));
        Ok(Transformed::yes(if negated { Expr::Not(Box::new(inside)) } else { inside }))
    }

    fn case(&self, mut case: Case, schema: &DFSchema) -> Result<Transformed<Expr>> {
        if let Some(operand) = &case.expr {
            let own = operand.get_type(schema);
            let differs = |when: &Expr| match (&own, when.get_type(schema)) {
                (Ok(own), Ok(when)) => of_comparison(own, &when, self.0).is_some(),
                _ => false,
            };
            if case.when_then_expr.iter().any(|(when, _)| differs(when)) {
                let operand = operand.as_ref().clone();
                for (when, _) in &mut case.when_then_expr {
                    let (left, right) = self.pair(operand.clone(), when.as_ref().clone(), schema);
                    **when = Expr::BinaryExpr(BinaryExpr::new(Box::new(left), Operator::Eq, Box::new(right)));
                }
                case.expr = None;
            }
        } else {
            for (when, _) in &mut case.when_then_expr {
                **when = condition(when.as_ref().clone(), schema);
            }
        }
        let results = case.when_then_expr.iter().map(|(_, then)| then).chain(case.else_expr.iter());
        let types: Vec<DataType> = results.map(|result| result.get_type(schema)).collect::<Result<_>>()?;
        if let Some(wanted) = common(&types) {
            for (_, then) in &mut case.when_then_expr {
                **then = to_type(then.as_ref().clone(), &wanted, schema);
            }
            case.else_expr = case.else_expr.map(|other| Box::new(to_type(*other, &wanted, schema)));
        }
        Ok(Transformed::yes(Expr::Case(case)))
    }
}

/// The type of what may be of each of the types, where DataFusion's own would not be right.
fn common(types: &[DataType]) -> Option<DataType> {
    let mut known: Option<DataType> = None;
    let mut found = None;
    for data_type in types.iter().filter(|data_type| !data_type.is_null()) {
        let current = known.get_or_insert_with(|| data_type.clone());
        if let Some(wanted) = of_either(current, data_type) {
            known = Some(wanted.clone());
            found = Some(wanted);
        }
    }
    found
}

/// What is compared with a pattern is text.
fn texts(mut like: Like, schema: &DFSchema) -> Like {
    for side in [&mut like.expr, &mut like.pattern] {
        if side.get_type(schema).is_ok_and(|own| !is_text(&own) && !own.is_null() && !own.is_nested()) {
            **side = cast(side.as_ref().clone(), DataType::Utf8);
        }
    }
    like
}

/// What is no boolean is true as a cast says.
fn condition(expr: Expr, schema: &DFSchema) -> Expr {
    match expr.get_type(schema) {
        Ok(DataType::Boolean | DataType::Null) | Err(_) => expr,
        Ok(_) => cast(expr, DataType::Boolean),
    }
}

/// What subqueries refer to outside of them, with the types that it has now.
fn outer_references(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let current = |part: Expr| match part {
        Expr::OuterReferenceColumn(field, column) => match schema.qualified_field_from_column(&column) {
            Ok((_, now)) if now.data_type() != field.data_type() => {
                Ok(Transformed::yes(Expr::OuterReferenceColumn(Arc::clone(now), column)))
            }
            _ => Ok(Transformed::no(Expr::OuterReferenceColumn(field, column))),
        },
        other => Ok(Transformed::no(other)),
    };
    let in_plan = |mut subquery: Subquery| -> Result<Subquery> {
        let plan = Arc::unwrap_or_clone(subquery.subquery);
        let plan =
            plan.transform_down_with_subqueries(|plan| plan.map_expressions(|expr| expr.transform_up(current)))?;
        subquery.subquery = Arc::new(plan.data);
        let references = subquery.outer_ref_columns.into_iter().map(|reference| Ok(current(reference)?.data));
        subquery.outer_ref_columns = references.collect::<Result<_>>()?;
        Ok(subquery)
    };
    let rewritten = expr.transform_up(|part| {
        Ok(match part {
            Expr::ScalarSubquery(subquery) => Transformed::yes(Expr::ScalarSubquery(in_plan(subquery)?)),
            Expr::Exists(Exists { subquery, negated }) => {
                Transformed::yes(Expr::Exists(Exists { subquery: in_plan(subquery)?, negated }))
            }
            Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
                Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery: in_plan(subquery)?, negated }))
            }
            other => Transformed::no(other),
        })
    })?;
    Ok(rewritten.data)
}

/// Each column of a union as what the inputs have in common.
fn united(union: Union) -> Result<LogicalPlan> {
    let width = union.inputs.first().map_or(0, |input| input.schema().fields().len());
    if union.inputs.iter().any(|input| input.schema().fields().len() != width) {
        return Ok(LogicalPlan::Union(union));
    }
    let wanted: Vec<Option<DataType>> = (0..width)
        .map(|place| {
            let types: Vec<DataType> =
                union.inputs.iter().map(|input| input.schema().field(place).data_type().clone()).collect();
            common(&types)
        })
        .collect();
    if wanted.iter().all(Option::is_none) {
        return Ok(LogicalPlan::Union(union));
    }
    let inputs = union.inputs.into_iter().map(|input| project(input, &wanted)).collect::<Result<Vec<_>>>()?;
    Ok(LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?))
}

fn project(input: Arc<LogicalPlan>, wanted: &[Option<DataType>]) -> Result<Arc<LogicalPlan>> {
    let columns = input.schema().iter().zip(wanted).map(|((qualifier, field), wanted)| {
        let column = Expr::Column(Column::new(qualifier.cloned(), field.name()));
        match wanted {
            Some(wanted) if field.data_type() != wanted => {
                Expr::Alias(Alias::new(cast(column, wanted.clone()), qualifier.cloned(), field.name()))
            }
            _ => column,
        }
    });
    let projection = Projection::try_new(columns.collect(), input)?;
    Ok(Arc::new(LogicalPlan::Projection(projection)))
}
