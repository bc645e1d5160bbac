//! `TABLE name` as a query, which DataFusion does not plan: it is `SELECT * FROM name`.

use sqlparser::ast::SetExpr;
use sqlparser::parser::Parser;

use crate::dialect::{MeadDialect, select_all};

/// Spells the body of a query out; other bodies stay as they are.
pub(super) fn spell_out(body: &mut SetExpr) {
    match body {
        SetExpr::Table(table) => {
            let name =
                [&table.schema_name, &table.table_name].into_iter().flatten().cloned().collect::<Vec<_>>().join(".");
            let dialect = MeadDialect::new(0);
            let parsed =
                Parser::new(&dialect).try_with_sql(&name).and_then(|mut parser| parser.parse_object_name(false));
            // What is no name is left to the planner, which refuses it.
            if let Ok(query) = parsed.and_then(select_all) {
                *body = *query.body;
            }
        }
        SetExpr::SetOperation { left, right, .. } => {
            spell_out(left);
            spell_out(right);
        }
        _ => {}
    }
}
