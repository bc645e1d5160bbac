//! json and uuid as types of SQL: DataFusion knows neither. json is text whose field says what it is; sixteen bytes are a uuid.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::DFSchema;
use datafusion::error::Result;
use datafusion::functions_nested::make_array::make_array_udf;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr, TypePlanner};
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::sql::sqlparser::ast::{ArrayElemTypeDef, BinaryOperator, DataType as SqlType};
use mead_catalog::pg_type::{PgType, Scalar};
use mead_common::{Diagnostic, sqlstate};
use mead_functions::types::{is_json, sql_name};

use crate::error::into_datafusion;
use crate::plan::literal::unknown;

/// Plans the types and what is particular to expressions of them.
#[derive(Debug)]
pub(crate) struct SqlTypes;

impl TypePlanner for SqlTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        // A declared number of elements means nothing, as in PostgreSQL.
        let (mut element, mut dimensions) = (sql_type, 0);
        while let SqlType::Array(ArrayElemTypeDef::SquareBracket(inner, _)) = element {
            element = inner;
            dimensions += 1;
        }
        let scalar = match element {
            SqlType::JSON => Scalar::Json,
            SqlType::Uuid => Scalar::Uuid,
            _ => return Ok(None),
        };
        let field = PgType { scalar, array: dimensions > 0, modifier: -1 }.field(scalar.name());
        let deeper = (1..dimensions).fold(field.data_type().clone(), |inner, _| DataType::new_list(inner, true));
        Ok(Some(Arc::new(field.with_data_type(deeper))))
    }
}

impl ExprPlanner for SqlTypes {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        if is_comparison(&expr.op) {
            check_comparable(&expr.op.to_string(), &expr.left, &expr.right, schema)?;
        }
        Ok(PlannerResult::Original(expr))
    }

    /// An array is one of json where an element is; a literal beside it is read as json.
    fn plan_array_literal(&self, exprs: Vec<Expr>, schema: &DFSchema) -> Result<PlannerResult<Vec<Expr>>> {
        let is_json = |expr: &Expr| expr.to_field(schema).is_ok_and(|(_, field)| is_json(&field));
        if !exprs.iter().any(is_json) {
            return Ok(PlannerResult::Original(exprs));
        }
        let array = Expr::ScalarFunction(ScalarFunction::new_udf(make_array_udf(), exprs));
        Ok(PlannerResult::Planned(read_json(array)))
    }
}

/// `json_in(expr)`.
pub(crate) fn read_json(expr: Expr) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(Arc::new(mead_functions::json_in()), vec![expr]))
}

fn is_comparison(operator: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(operator, Eq | Gt | GtEq | Lt | LtEq | NotEq)
}

/// 42883 where one side is json, which cannot be compared, or one is a uuid and the other a text that is no literal.
pub(crate) fn check_comparable(operator: &str, left: &Expr, right: &Expr, schema: &DFSchema) -> Result<()> {
    let (Ok((_, left_field)), Ok((_, right_field))) = (left.to_field(schema), right.to_field(schema)) else {
        return Ok(());
    };
    let is_other = |uuid: &Field, expr: &Expr, field: &Field| {
        *uuid.data_type() == mead_functions::types::UUID
            && mead_functions::types::is_text(field.data_type())
            && unknown(expr).is_none()
            && !matches!(expr, Expr::Placeholder(_))
    };
    if !is_json(&left_field)
        && !is_json(&right_field)
        && !is_other(&left_field, right, &right_field)
        && !is_other(&right_field, left, &left_field)
    {
        return Ok(());
    }
    let name = |expr: &Expr, field: &Field| match unknown(expr) {
        Some(_) => "unknown".to_owned(),
        None => sql_name(field),
    };
    let message =
        format!("operator does not exist: {} {operator} {}", name(left, &left_field), name(right, &right_field));
    let hint = match is_json(&left_field) || is_json(&right_field) {
        true => "json cannot be compared: cast it to text to compare its letters",
        false => "cast one of them to the other's type",
    };
    Err(into_datafusion(Diagnostic::new(sqlstate::UNDEFINED_FUNCTION, message).with_hint(hint)))
}
