//! json_in(text): JSON, kept as it was written, after it has been checked.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{Documentation, ScalarUDF};
use mead_common::text;

use super::SECTION;
use super::input::Input;
use crate::error::external;
use crate::types;

pub fn function() -> ScalarUDF {
    Input::function("json_in", DataType::Utf8, Some(types::JSON), read, &DOCUMENTATION)
}

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "A text as JSON, which is what a cast to json calls.", "json_in(text)")
        .with_sql_example("```sql\nSELECT '{\"a\": 1}'::json;\n```")
        .with_argument("text", "JSON (RFC 8259); another text is an error.")
        .build()
});

fn read(texts: &StringArray) -> Result<ArrayRef> {
    for value in texts.iter().flatten() {
        text::json(value).map_err(external)?;
    }
    Ok(Arc::new(texts.clone()))
}
