//! current_schemas(include_implicit): the search path as it is used.

use std::sync::Arc;

use datafusion::arrow::array::{ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};
use super::names;
use crate::context::FunctionContext;

pub(super) fn function(context: &Arc<FunctionContext>) -> ScalarUDF {
    let context = Arc::clone(context);
    Builder::new(
        "current_schemas",
        "current_schemas(include_implicit)",
        "The schemas of the search path that exist, in order.",
    )
    .form(&[Parameter::Boolean])
    .argument("include_implicit", "Whether `pg_catalog` is listed where the path does not name it.")
    .returns(DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))))
    .body(move |call| {
        let named = names::named_path(&context)?;
        let all = names::search_path(&context)?;
        let mut lists = ListBuilder::new(StringBuilder::new());
        for row in 0..call.rows {
            let path = match call.boolean(0, row) {
                Some(true) => Some(&all),
                Some(false) => Some(&named),
                None => None,
            };
            lists.append_option(path.map(|path| path.iter().map(Some)));
        }
        Ok(Arc::new(lists.finish()))
    })
}
