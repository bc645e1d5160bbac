//! Literals of a type that is not known yet take the type of what they stand beside: see `plan::literal`.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::metadata::FieldMetadata;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result, internal_err};
use datafusion::functions_aggregate::median::median_udaf;
use datafusion::logical_expr::expr::{
    AggregateFunction, Alias, Between, Case, Cast, InList, InSubquery, ScalarFunction,
};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, LogicalPlan, Projection, Union, cast};
use datafusion::optimizer::AnalyzerRule;

use crate::plan::literal::{as_type, beside, common_type, is_readable, operands, read, unknown};

/// See the module's documentation. Comes before the rule that puts casts in.
#[derive(Debug)]
pub(crate) struct Literals;

impl AnalyzerRule for Literals {
    fn name(&self) -> &str {
        "literals"
    }

    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let typed = plan.transform_up_with_subqueries(|plan| {
            let schema = merge_schema(&plan.inputs());
            let names = NamePreserver::new(&plan);
            let typed = plan.map_expressions(|expr| {
                let name = names.save(&expr);
                let expr = expr.transform_up(|expr| typed(expr, &schema))?;
                Ok(expr.update_data(|expr| name.restore(expr)))
            })?;
            match typed.data {
                LogicalPlan::Union(union) => self::union(union),
                LogicalPlan::Dml(mut dml) => {
                    let input = insert(Arc::unwrap_or_clone(dml.input))?;
                    dml.input = Arc::new(input.data);
                    Ok(Transformed::new(LogicalPlan::Dml(dml), typed.transformed || input.transformed, input.tnr))
                }
                plan if typed.transformed => Ok(Transformed::yes(plan.recompute_schema()?)),
                plan => Ok(Transformed::no(plan)),
            }
        })?;
        Ok(typed.data)
    }
}

fn typed(expr: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    match expr {
        // A text stays a cast: it has a type now.
        Expr::Cast(Cast { expr, field }) => match unknown(&expr) {
            Some(text) if is_readable(field.data_type()) => {
                let metadata = (!field.metadata().is_empty()).then(|| FieldMetadata::from(field.metadata().clone()));
                Ok(Transformed::yes(read(text, field.data_type(), metadata)?))
            }
            _ => Ok(Transformed::no(Expr::Cast(Cast { expr, field }))),
        },
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (left, right) = rows(*left, *right, schema)?;
            let (left, right) = operands(left, op, right, schema)?;
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right)))))
        }
        Expr::InList(InList { expr, list, negated }) => {
            let mut all = list;
            all.insert(0, *expr);
            let mut all = together(all, schema)?;
            let expr = Box::new(all.remove(0));
            Ok(Transformed::yes(Expr::InList(InList { expr, list: all, negated })))
        }
        Expr::Between(Between { expr, negated, low, high }) => {
            let Ok([expr, low, high]) = <[Expr; 3]>::try_from(together(vec![*expr, *low, *high], schema)?) else {
                return internal_err!("BETWEEN has three operands");
            };
            let (expr, low, high) = (Box::new(expr), Box::new(low), Box::new(high));
            Ok(Transformed::yes(Expr::Between(Between { expr, negated, low, high })))
        }
        Expr::Case(case) => Ok(Transformed::yes(Expr::Case(self::case(case, schema)?))),
        Expr::InSubquery(InSubquery { expr, subquery, negated }) => {
            let data_type = subquery.subquery.schema().field(0).data_type().clone();
            let expr = if is_readable(&data_type) { Box::new(as_type(*expr, &data_type)?) } else { expr };
            Ok(Transformed::yes(Expr::InSubquery(InSubquery { expr, subquery, negated })))
        }
        Expr::ScalarFunction(call) => Ok(Transformed::yes(Expr::ScalarFunction(arguments(call, schema)?))),
        Expr::AggregateFunction(call) => Ok(Transformed::yes(Expr::AggregateFunction(median(call, schema)))),
        other => Ok(Transformed::no(other)),
    }
}

/// `(a, b)` beside `('x', 'y')`: each column is of one type.
fn rows(left: Expr, right: Expr, schema: &DFSchema) -> Result<(Expr, Expr)> {
    match (left, right) {
        (Expr::ScalarFunction(mut left), Expr::ScalarFunction(mut right))
            if left.func.name() == right.func.name()
                && matches!(left.func.name(), "struct" | "named_struct")
                && left.args.len() == right.args.len() =>
        {
            for (left, right) in left.args.iter_mut().zip(&mut right.args) {
                let mut both = together(vec![left.clone(), right.clone()], schema)?;
                if let (Some(second), Some(first)) = (both.pop(), both.pop()) {
                    (*left, *right) = (first, second);
                }
            }
            Ok((Expr::ScalarFunction(left), Expr::ScalarFunction(right)))
        }
        sides => Ok(sides),
    }
}

/// Expressions that must have one type.
fn together(expressions: Vec<Expr>, schema: &DFSchema) -> Result<Vec<Expr>> {
    match common_type(expressions.iter(), schema) {
        Some(data_type) => expressions.into_iter().map(|expr| as_type(expr, &data_type)).collect(),
        None => Ok(expressions),
    }
}

fn case(case: Case, schema: &DFSchema) -> Result<Case> {
    let Case { expr, when_then_expr, else_expr } = case;
    let (whens, thens): (Vec<Expr>, Vec<Expr>) = when_then_expr.into_iter().map(|(when, then)| (*when, *then)).unzip();
    let (expr, whens) = match expr {
        Some(expr) => {
            let mut all = whens;
            all.insert(0, *expr);
            let mut all = together(all, schema)?;
            (Some(Box::new(all.remove(0))), all)
        }
        None => (None, whens),
    };
    let count = thens.len();
    let mut results = thens;
    results.extend(else_expr.map(|expr| *expr));
    let mut results = together(results, schema)?;
    let else_expr = (results.len() > count).then(|| results.pop()).flatten().map(Box::new);
    let when_then_expr = whens.into_iter().zip(results).map(|(when, then)| (Box::new(when), Box::new(then))).collect();
    Ok(Case { expr, when_then_expr, else_expr })
}

/// Functions whose arguments have one type, and those that take bytea where DataFusion's take text too.
fn arguments(call: ScalarFunction, schema: &DFSchema) -> Result<ScalarFunction> {
    let ScalarFunction { func, mut args } = call;
    match func.name() {
        "coalesce" | "greatest" | "least" | "make_array" | "nullif" => args = together(args, schema)?,
        "encode" | "sha224" | "sha256" | "sha384" | "sha512" => {
            if let Some(first) = args.first_mut()
                && let Some(text) = unknown(first)
            {
                *first = beside(text, &DataType::Binary)?;
            }
        }
        _ => {}
    }
    Ok(ScalarFunction { func, args })
}

/// The median of decimals has one digit more behind the point: what lies in the middle of two may need it.
fn median(mut call: AggregateFunction, schema: &DFSchema) -> AggregateFunction {
    if call.func.name() == median_udaf().name()
        && let [argument] = call.params.args.as_mut_slice()
        && let Ok(DataType::Decimal128(precision, scale)) = argument.get_type(schema)
        && scale < 38
    {
        let wider = DataType::Decimal128((precision + 1).min(38), scale + 1);
        *argument = cast(argument.clone(), wider);
    }
    call
}

/// What a UNION's branch gives as a literal has the type of the other branches' column.
fn union(union: Union) -> Result<Transformed<LogicalPlan>> {
    let columns = union.schema.fields().len();
    let mut inputs: Vec<LogicalPlan> = union.inputs.iter().map(|input| input.as_ref().clone()).collect();
    let mut is_typed = false;
    for place in 0..columns {
        let literals: Vec<bool> = inputs.iter().map(|input| literal_at(input, place).is_some()).collect();
        let known = inputs.iter().zip(&literals).filter(|(_, literal)| !**literal);
        let known = known.map(|(input, _)| input.schema().field(place).data_type()).find(|known| !known.is_null());
        let Some(data_type) = known.filter(|known| is_readable(known)).cloned() else { continue };
        for (input, literal) in inputs.iter_mut().zip(literals) {
            if literal && let LogicalPlan::Projection(projection) = input {
                let mut expressions = projection.expr.clone();
                expressions[place] = typed_column(expressions[place].clone(), &data_type)?;
                *input = LogicalPlan::Projection(Projection::try_new(expressions, Arc::clone(&projection.input))?);
                is_typed = true;
            }
        }
    }
    if !is_typed {
        return Ok(Transformed::no(LogicalPlan::Union(union)));
    }
    let inputs = inputs.into_iter().map(Arc::new).collect();
    Ok(Transformed::yes(LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?)))
}

/// The text of a projection's column that is a literal of no type.
fn literal_at(plan: &LogicalPlan, place: usize) -> Option<&str> {
    let LogicalPlan::Projection(projection) = plan else { return None };
    match projection.expr.get(place)? {
        Expr::Alias(Alias { expr, .. }) => unknown(expr),
        other => unknown(other),
    }
}

/// A literal, perhaps with an alias, as a column of the same name and another type.
fn typed_column(expr: Expr, data_type: &DataType) -> Result<Expr> {
    match expr {
        Expr::Alias(mut alias) => {
            alias.expr = Box::new(as_type(*alias.expr, data_type)?);
            Ok(Expr::Alias(alias))
        }
        other => {
            let name = other.schema_name().to_string();
            Ok(as_type(other, data_type)?.alias(name))
        }
    }
}

/// `INSERT INTO t SELECT '\x00'`: the projection that casts to the table's types stands on the query's own.
fn insert(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Projection(casts) = &plan else { return Ok(Transformed::no(plan)) };
    let LogicalPlan::Projection(query) = casts.input.as_ref() else { return Ok(Transformed::no(plan)) };
    let mut expressions = query.expr.clone();
    let mut is_typed = false;
    for expr in &casts.expr {
        let expr = match expr {
            Expr::Alias(Alias { expr, .. }) => expr,
            other => other,
        };
        let Expr::Cast(Cast { expr, field }) = expr else { continue };
        let Expr::Column(column) = expr.as_ref() else { continue };
        let Some(place) = query.schema.maybe_index_of_column(column) else { continue };
        if literal_at(&casts.input, place).is_some() && is_readable(field.data_type()) {
            expressions[place] = exactly(expressions[place].clone(), field.data_type())?;
            is_typed = true;
        }
    }
    if !is_typed {
        return Ok(Transformed::no(plan));
    }
    let query = LogicalPlan::Projection(Projection::try_new(expressions, Arc::clone(&query.input))?);
    let casts = Projection::try_new(casts.expr.clone(), Arc::new(query))?;
    Ok(Transformed::yes(LogicalPlan::Projection(casts)))
}

fn exactly(expr: Expr, data_type: &DataType) -> Result<Expr> {
    match expr {
        Expr::Alias(mut alias) => {
            alias.expr = Box::new(exactly(*alias.expr, data_type)?);
            Ok(Expr::Alias(alias))
        }
        other => match unknown(&other) {
            Some(text) => {
                let name = other.schema_name().to_string();
                Ok(read(text, data_type, None)?.alias(name))
            }
            None => Ok(other),
        },
    }
}
