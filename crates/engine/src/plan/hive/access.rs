//! `a[0]`, `m['k']`, `s.f`: arrays count from 0, what is not there is NULL, members are found whatever their case.

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_nested::expr_fn::{array_element, map_extract};
use datafusion::logical_expr::planner::{PlannerResult, RawFieldAccessExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, GetFieldAccess, cast, lit, when};
use mead_common::{Diagnostic, sqlstate};
use mead_functions::member_of_each;

use crate::error::into_datafusion;

/// Plans an index or a member's name in brackets; slices are left as they are.
pub(super) fn plan(access: RawFieldAccessExpr, schema: &DFSchema) -> Result<PlannerResult<RawFieldAccessExpr>> {
    let RawFieldAccessExpr { expr, field_access } = access;
    let data_type = expr.get_type(schema)?;
    let planned = match field_access {
        GetFieldAccess::NamedStructField { name } => match (&data_type, name.try_as_str().flatten()) {
            (DataType::Map(entries, _), _) => entry(expr, Expr::Literal(name, None), entries)?,
            (DataType::List(item), Some(text))
                if matches!(item.data_type(), DataType::Struct(_)) && text.trim().parse::<i64>().is_err() =>
            {
                member(expr, &data_type, text)?.0
            }
            (DataType::List(_) | DataType::LargeList(_), Some(text)) => {
                element(expr, cast(lit(text), DataType::Int64))?
            }
            (_, Some(text)) => member(expr, &data_type, text)?.0,
            (_, None) => return Err(no_member(&data_type, "")),
        },
        GetFieldAccess::ListIndex { key } => match &data_type {
            DataType::Map(entries, _) => entry(expr, *key, entries)?,
            DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => element(expr, *key)?,
            other => {
                let message = format!("cannot subscript type {other} because it is neither an array nor a map");
                return Err(into_datafusion(Diagnostic::new(sqlstate::DATATYPE_MISMATCH, message)));
            }
        },
        field_access => return Ok(PlannerResult::Original(RawFieldAccessExpr { expr, field_access })),
    };
    Ok(PlannerResult::Planned(planned))
}

/// `a.b.c`: a member's member.
pub(super) fn members(expr: Expr, data_type: &DataType, names: &[String]) -> Result<Expr> {
    let mut current = (expr, data_type.clone());
    for name in names {
        let (expr, data_type) = current;
        current = match &data_type {
            DataType::Map(entries, _) => {
                let value = entry_types(entries).map_or(DataType::Null, |(_, value)| value.data_type().clone());
                (entry(expr, lit(name.as_str()), entries)?, value)
            }
            other => member(expr, other, name)?,
        };
    }
    Ok(current.0)
}

/// A struct's member and its type; of an array of structs an array of their members.
fn member(expr: Expr, data_type: &DataType, name: &str) -> Result<(Expr, DataType)> {
    let fields = match data_type {
        DataType::Struct(fields) => fields,
        DataType::List(item) => match item.data_type() {
            DataType::Struct(fields) => fields,
            _ => return Err(no_member(data_type, name)),
        },
        _ => return Err(no_member(data_type, name)),
    };
    let found = fields.iter().position(|field| field.name() == name);
    let found = found.or_else(|| fields.iter().position(|field| field.name().eq_ignore_ascii_case(name)));
    let Some((place, field)) = found.and_then(|place| Some((place, fields.get(place)?))) else {
        return Err(no_member(data_type, name));
    };
    Ok(match data_type {
        DataType::List(_) => {
            (member_of_each(place).call(vec![expr]), DataType::new_list(field.data_type().clone(), true))
        }
        _ => (get_field(expr, field.name().as_str()), field.data_type().clone()),
    })
}

fn no_member(data_type: &DataType, name: &str) -> datafusion::error::DataFusionError {
    let message = match data_type {
        DataType::Struct(_) | DataType::List(_) => format!("column \"{name}\" not found in data type struct"),
        other => format!("column notation .{name} applied to type {other}, which is not a struct"),
    };
    into_datafusion(Diagnostic::new(sqlstate::UNDEFINED_COLUMN, message))
}

fn entry(map: Expr, key: Expr, entries: &Field) -> Result<Expr> {
    let key = match entry_types(entries) {
        Some((field, _)) => cast(key, field.data_type().clone()),
        None => key,
    };
    Ok(array_element(map_extract(map, key), lit(1_i64)))
}

fn entry_types(entries: &Field) -> Option<(&Field, &Field)> {
    match entries.data_type() {
        DataType::Struct(fields) if fields.len() == 2 => Some((&fields[0], &fields[1])),
        _ => None,
    }
}

/// DataFusion counts from 1, and from the end where the index is negative.
fn element(array: Expr, index: Expr) -> Result<Expr> {
    let place = match &index {
        Expr::Literal(ScalarValue::Int64(Some(index)), _) => match index.checked_add(1) {
            Some(place) if place > 0 => lit(place),
            _ => lit(ScalarValue::Int64(None)),
        },
        _ => {
            let index = cast(index, DataType::Int64);
            when(index.clone().gt_eq(lit(0_i64)), index + lit(1_i64)).end()?
        }
    };
    Ok(array_element(array, place))
}
