//! Strings among the values of an INSERT that stand for uuids or for json. DataFusion looks for Arrow's cast of text to a
//! column's type before anybody else may read the text: for uuid Arrow has none, and json is text to it. Here the type is
//! said.

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::sql::sqlparser::ast::{self, ArrayElemTypeDef, CastKind, Expr, SelectItem, SetExpr, Value};
use mead_functions::types::{UUID, is_json};
use mead_parser::identifier_text;

/// Casts the strings for columns of uuid, of arrays of it, and of json, in VALUES and in a SELECT's list.
pub(super) fn read_strings(insert: &mut ast::Insert, columns: &Schema) {
    let named: Vec<String> =
        insert.columns.iter().filter_map(|name| name.0.last()?.as_ident()).map(identifier_text).collect();
    let at = |place: usize| {
        let field = match named.get(place) {
            Some(name) => columns.field_with_name(name).ok(),
            None if named.is_empty() => columns.fields().get(place).map(AsRef::as_ref),
            None => None,
        };
        wanted(field?)
    };
    let Some(source) = &mut insert.source else { return };
    match source.body.as_mut() {
        SetExpr::Values(values) => {
            for row in &mut values.rows {
                row.content.iter_mut().enumerate().for_each(|(place, expression)| read(expression, at(place)));
            }
        }
        SetExpr::Select(select) => {
            for (place, item) in select.projection.iter_mut().enumerate() {
                match item {
                    SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => read(expr, at(place)),
                    // As many columns as the tables have.
                    _ => break,
                }
            }
        }
        _ => {}
    }
}

/// The same for one expression, which is for a column.
pub(super) fn read_string(expression: &mut Expr, field: &Field) {
    read(expression, wanted(field));
}

fn wanted(field: &Field) -> Option<ast::DataType> {
    if is_json(field) { Some(ast::DataType::JSON) } else { sql_type(field.data_type()) }
}

fn sql_type(data_type: &DataType) -> Option<ast::DataType> {
    match data_type {
        uuid if *uuid == UUID => Some(ast::DataType::Uuid),
        DataType::List(item) => {
            let element = Box::new(sql_type(item.data_type())?);
            Some(ast::DataType::Array(ArrayElemTypeDef::SquareBracket(element, None)))
        }
        _ => None,
    }
}

fn read(expression: &mut Expr, data_type: Option<ast::DataType>) {
    let Some(data_type) = data_type else { return };
    if let Expr::Value(value) = &*expression
        && let Value::SingleQuotedString(_) | Value::EscapedStringLiteral(_) = &value.value
    {
        let string = Box::new(Expr::Value(value.clone()));
        *expression = Expr::Cast { kind: CastKind::DoubleColon, expr: string, data_type, array: false, format: None };
    }
}
