//! The types of a statement's parameters: as the client declared them, as the plan implies, as a cast around them says, and
//! else text, as in PostgreSQL.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::metadata::{FieldMetadata, ScalarAndMetadata};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::expr::Placeholder;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan};
use mead_common::{Diagnostic, sqlstate};

use crate::error::into_datafusion;

/// The protocol counts parameters in 16 bits.
const PARAMETERS_MAX: usize = 65_535;

/// The parameters in order.
pub(super) fn types(plan: &LogicalPlan, declared: &[Option<DataType>]) -> Result<Vec<DataType>> {
    let inferred = plan.get_parameter_types()?;
    let cast = cast_types(plan)?;
    let highest = inferred.keys().filter_map(|name| number(name)).max().unwrap_or(0);
    if highest > PARAMETERS_MAX {
        let report = Diagnostic::new(sqlstate::UNDEFINED_PARAMETER, format!("there is no parameter ${highest}"));
        return Err(into_datafusion(report));
    }
    let one = |index: usize| {
        let name = format!("${}", index + 1);
        let declared = declared.get(index).cloned().flatten();
        let implied = || inferred.get(&name).cloned().flatten();
        match declared.or_else(implied).or_else(|| cast.get(&name).cloned()) {
            Some(DataType::Null) | None => DataType::Utf8,
            Some(data_type) => data_type,
        }
    };
    Ok((0..highest.max(declared.len())).map(one).collect())
}

/// The plan with its parameters typed, so that its columns are: `SELECT $1` has the parameter's type.
pub(super) fn typed(plan: LogicalPlan, types: &[DataType]) -> Result<LogicalPlan> {
    if types.is_empty() {
        return Ok(plan);
    }
    let typed = plan.transform_up_with_subqueries(|plan| {
        let names = NamePreserver::new(&plan);
        let plan = plan.map_expressions(|expr| {
            let name = names.save(&expr);
            let expr = expr.transform_up(|expr| match expr {
                Expr::Placeholder(Placeholder { id, .. }) => {
                    let data_type = number(&id).and_then(|number| types.get(number - 1));
                    let field = data_type.map(|data_type| Arc::new(field(&id, data_type)));
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
pub(super) fn values(values: &[ScalarValue]) -> ParamValues {
    let one = |value: &ScalarValue| {
        let field = field("value", &value.data_type());
        let metadata = (!field.metadata().is_empty()).then(|| FieldMetadata::from(field.metadata().clone()));
        ScalarAndMetadata::new(value.clone(), metadata)
    };
    ParamValues::List(values.iter().map(one).collect())
}

/// Sixteen bytes are a uuid: no other type of a client has them.
fn field(name: &str, data_type: &DataType) -> Field {
    let field = Field::new(name, data_type.clone(), true);
    match data_type {
        DataType::FixedSizeBinary(16) => {
            let extension = ("ARROW:extension:name".to_owned(), "arrow.uuid".to_owned());
            field.with_metadata(HashMap::from([extension]))
        }
        _ => field,
    }
}

/// From 1, for `$1`.
fn number(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse().ok().filter(|number| *number > 0)
}

/// What `$1::integer` says of `$1`, the first cast counting, and LIMIT and OFFSET of theirs.
fn cast_types(plan: &LogicalPlan) -> Result<HashMap<String, DataType>> {
    let mut types = HashMap::new();
    plan.apply_with_subqueries(|plan| {
        if let LogicalPlan::Limit(limit) = plan {
            for expr in [&limit.skip, &limit.fetch].into_iter().flatten() {
                if let Expr::Placeholder(placeholder) = expr.as_ref() {
                    types.insert(placeholder.id.clone(), DataType::Int64);
                }
            }
        }
        plan.apply_expressions(|expr| {
            expr.apply(|expr| {
                if let Expr::Cast(cast) = expr
                    && let Expr::Placeholder(placeholder) = cast.expr.as_ref()
                {
                    types.entry(placeholder.id.clone()).or_insert_with(|| cast.field.data_type().clone());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok(types)
}
