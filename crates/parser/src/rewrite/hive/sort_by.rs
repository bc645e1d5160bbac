//! SORT BY, DISTRIBUTE BY and CLUSTER BY.
//!
//! Hive sorts within each reducer, and distributes rows over them. Rows are given as one reducer gives them: SORT BY orders
//! them all, and DISTRIBUTE BY alone changes nothing that a query could see.

use sqlparser::ast::{Expr, OrderBy, OrderByExpr, OrderByKind, OrderByOptions, Query, Select, SetExpr};

/// Puts the keys of a query's own SELECT into its ORDER BY, and those of the SELECTs of a union into queries of their own.
pub(super) fn to_order_by(query: &mut Query) {
    if let SetExpr::SetOperation { .. } = query.body.as_ref() {
        arms(&mut query.body);
        return;
    }
    if let SetExpr::Select(select) = query.body.as_mut()
        && let Some(order_by) = keys(select)
        && query.order_by.is_none()
    {
        query.order_by = Some(order_by);
    }
}

fn arms(body: &mut SetExpr) {
    match body {
        SetExpr::SetOperation { left, right, .. } => {
            arms(left);
            arms(right);
        }
        // The order of what is united is nobody's business.
        SetExpr::Select(select) => {
            let _ = keys(select);
        }
        _ => {}
    }
}

/// Takes the keys out of a SELECT.
fn keys(select: &mut Select) -> Option<OrderBy> {
    select.distribute_by.clear();
    let clustered = std::mem::take(&mut select.cluster_by).into_iter().map(ascending);
    let sorted = std::mem::take(&mut select.sort_by);
    let keys: Vec<OrderByExpr> = clustered.chain(sorted).collect();
    (!keys.is_empty()).then_some(OrderBy { kind: OrderByKind::Expressions(keys), interpolate: None })
}

fn ascending(expr: Expr) -> OrderByExpr {
    OrderByExpr { expr, options: OrderByOptions { asc: None, nulls_first: None }, with_fill: None }
}
