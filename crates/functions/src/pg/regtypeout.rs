//! regtypeout(oid): a type as text, as a cast from regtype to text gives it.

use datafusion::logical_expr::ScalarUDF;
use mead_catalog::pg_type_rows::format_type;

use super::call::{Builder, Parameter};

pub(super) fn function() -> ScalarUDF {
    Builder::new("regtypeout", "regtypeout(oid)", "The name of a type, as a cast of regtype to text gives it.")
        .form(&[Parameter::Oid])
        .argument("oid", "Its OID. An OID that none has is shown as it is, 0 as a dash.")
        .body(|call| {
            let name = |oid: i64| format_type(u32::try_from(oid).ok()?, None);
            call.texts(|row| {
                Ok(call.oid(0, row).map(|oid| match name(oid) {
                    _ if oid == 0 => "-".to_owned(),
                    Some(name) => name,
                    None => oid.to_string(),
                }))
            })
        })
}
