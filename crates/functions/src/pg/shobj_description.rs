//! shobj_description(oid, catalog): always NULL, since databases and roles have no comments.

use datafusion::logical_expr::ScalarUDF;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new(
        "shobj_description",
        "shobj_description(oid, catalog)",
        "The comment on a database or role; always NULL, since these have no comments.",
    )
    .form(&[Parameter::Oid, Parameter::Text])
    .argument("oid", "The OID of the object.")
    .argument("catalog", "The name of the relation of pg_catalog that lists it.")
    .body(|call| call.texts(|_| Ok(None::<&str>)))
}
