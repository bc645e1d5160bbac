//! uuid_in(text): a UUID.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, ArrayRef, FixedSizeBinaryBuilder, StringArray};
use datafusion::error::Result;
use datafusion::logical_expr::{Documentation, ScalarUDF};
use mead_common::text;

use super::SECTION;
use super::input::Input;
use crate::error::external;
use crate::types;

pub(super) fn function() -> ScalarUDF {
    Input::function("uuid_in", types::UUID, None, read, &DOCUMENTATION)
}

static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
    Documentation::builder(SECTION, "A text as a UUID, which is what a cast to uuid calls.", "uuid_in(text)")
        .with_sql_example("```sql\nSELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid;\n```")
        .with_argument("text", "32 hexadecimal digits, with hyphens behind any group of four, perhaps in braces.")
        .build()
});

fn read(texts: &StringArray) -> Result<ArrayRef> {
    let mut builder = FixedSizeBinaryBuilder::with_capacity(texts.len(), text::UUID_BYTES as i32);
    for value in texts {
        match value {
            None => builder.append_null(),
            Some(value) => builder.append_value(text::uuid(value).map_err(external)?)?,
        }
    }
    Ok(Arc::new(builder.finish()))
}
