//! The types of a statement's parameters: as the client declared them, as the plan implies, as a cast around them says, and
//! else text, as in PostgreSQL.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::metadata::{FieldMetadata, ScalarAndMetadata};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan};
use mead_catalog::pg_type::{PgType, Scalar};
use mead_common::{Diagnostic, sqlstate};
use mead_functions::types::{EXTENSION_NAME, JSON, JSON_ELEMENTS};

use crate::error::into_datafusion;

/// The protocol counts parameters in 16 bits.
const PARAMETERS_MAX: usize = 65_535;

/// The parameters in order.
pub(super) fn types(plan: &LogicalPlan, declared: &[Option<FieldRef>]) -> Result<Vec<FieldRef>> {
    let inferred = plan.get_parameter_fields()?;
    let cast = cast_types(plan)?;
    let highest = inferred.keys().filter_map(|name| number(name)).max().unwrap_or(0);
    if highest > PARAMETERS_MAX {
        let report = Diagnostic::new(sqlstate::UNDEFINED_PARAMETER, format!("there is no parameter ${highest}"));
        return Err(into_datafusion(report));
    }
    let one = |index: usize| {
        let name = format!("${}", index + 1);
        let declared = declared.get(index).cloned().flatten();
        let implied = || inferred.get(&name).cloned().flatten().map(|field| parameter(&name, &field));
        match declared.or_else(implied).or_else(|| cast.get(&name).cloned()) {
            Some(field) if !field.data_type().is_null() => field,
            _ => Arc::new(Field::new(name, DataType::Utf8, true)),
        }
    };
    Ok((0..highest.max(declared.len())).map(one).collect())
}

/// The plan with its parameters typed, so that its columns are: `SELECT $1` has the parameter's type.
pub(super) fn typed(plan: LogicalPlan, types: &[FieldRef]) -> Result<LogicalPlan> {
    if types.is_empty() {
        return Ok(plan);
    }
    let typed = plan.transform_up_with_subqueries(|plan| {
        let names = NamePreserver::new(&plan);
        let plan = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| match expr {
                Expr::Placeholder(Placeholder { id, .. }) => {
                    let field = number(&id).and_then(|number| types.get(number - 1)).cloned();
                    Ok(Transformed::yes(Expr::Placeholder(Placeholder { id, field })))
                }
                other => Ok(Transformed::no(other)),
            })?;
            Ok(expr.update_data(|expr| name.restore(expr)))
        })?;
        plan.map_data(LogicalPlan::recompute_schema)
    })?;
    Ok(typed.data)
}

/// The parameters' values, as what they are known as.
pub(super) fn values(values: &[ScalarValue], types: &[FieldRef]) -> ParamValues {
    let one = |(place, value): (usize, &ScalarValue)| {
        let metadata = types.get(place).map(|field| field.metadata()).filter(|metadata| !metadata.is_empty());
        ScalarAndMetadata::new(value.clone(), metadata.map(|metadata| FieldMetadata::from(metadata.clone())))
    };
    ParamValues::List(values.iter().enumerate().map(one).collect())
}

/// A parameter in the place of a column or of what a cast gives: json stays json.
fn parameter(name: &str, field: &Field) -> FieldRef {
    let mut metadata = field.metadata().clone();
    metadata.retain(|key, value| key == EXTENSION_NAME && (value == JSON || value == JSON_ELEMENTS));
    Arc::new(Field::new(name, field.data_type().clone(), true).with_metadata(metadata))
}

/// From 1, for `$1`.
fn number(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse().ok().filter(|number| *number > 0)
}

/// What `$1::integer` says of `$1`, the first cast counting, and LIMIT and OFFSET of theirs.
fn cast_types(plan: &LogicalPlan) -> Result<HashMap<String, FieldRef>> {
    let mut types = HashMap::new();
    plan.apply_with_subqueries(|plan| {
        if let LogicalPlan::Limit(limit) = plan {
            for expr in [&limit.skip, &limit.fetch].into_iter().flatten() {
                if let Expr::Placeholder(placeholder) = expr.as_ref() {
                    let field = Field::new(&placeholder.id, DataType::Int64, true);
                    types.insert(placeholder.id.clone(), Arc::new(field));
                }
            }
        }
        plan.apply_expressions(|expr| {
            expr.apply(|expr| {
                let (inner, field) = match expr {
                    Expr::Cast(cast) => (cast.expr.as_ref(), Arc::clone(&cast.field)),
                    // The parser's form of a cast to json or uuid.
                    Expr::ScalarFunction(call) => match (call.name(), call.args.as_slice()) {
                        ("json_in", [inner]) => (inner, Arc::new(PgType::scalar(Scalar::Json).field("json"))),
                        ("uuid_in", [inner]) => (inner, Arc::new(PgType::scalar(Scalar::Uuid).field("uuid"))),
                        _ => return Ok(TreeNodeRecursion::Continue),
                    },
                    _ => return Ok(TreeNodeRecursion::Continue),
                };
                if let Expr::Placeholder(placeholder) = inner {
                    let id = &placeholder.id;
                    types.entry(id.clone()).or_insert_with(|| parameter(id, &field));
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(types)
}
