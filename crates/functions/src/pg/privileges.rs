//! What has_table_privilege and its sisters share.
//!
//! There is no GRANT yet: every role may use what exists, and only what the system brings along cannot be changed. So the
//! answer depends on the object, while the role and the privilege are checked as PostgreSQL does.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_common::{Diagnostic, sqlstate};

use super::call::{Arguments, Builder, Parameter};
use crate::context::FunctionContext;
use crate::error::external;

/// One function of the family.
pub(super) struct Privileges {
    pub name: &'static str,
    pub syntax: &'static str,
    pub description: &'static str,
    /// What the object is called in the reference.
    pub object: &'static str,
    /// The privileges it knows, in capitals.
    pub known: &'static [&'static str],
    /// Those that the system's own objects do not give.
    pub changing: &'static [&'static str],
}

/// An object that was named.
pub(super) enum Object {
    /// Given by an OID that none has: the answer is NULL.
    Unknown,
    /// It belongs to the system.
    System,
    User,
}

impl Privileges {
    /// `find` looks for the object, which is argument `index` of the call.
    pub fn function(
        &'static self,
        context: &Arc<FunctionContext>,
        find: impl Fn(&FunctionContext, &Arguments, usize, usize) -> Result<Object> + Send + Sync + 'static,
    ) -> ScalarUDF {
        let context = Arc::clone(context);
        Builder::new(self.name, self.syntax, self.description)
            .form(&[Parameter::NameOrOid, Parameter::Text])
            .form(&[Parameter::NameOrOid, Parameter::NameOrOid, Parameter::Text])
            .argument("user", "The name or OID of a role; by default the current one.")
            .argument(self.object, "Its name, as SQL writes it, or its OID.")
            .argument("privilege", "One or more privileges, separated by commas; one of them suffices.")
            .returns(DataType::Boolean)
            .body(move |call| {
                let object = call.count() - 2;
                call.booleans(|row| {
                    if call.any_null(row) {
                        return Ok(None);
                    }
                    if object == 1 && !check_role(&context, call, row)? {
                        return Ok(None);
                    }
                    let wanted = self.parse(call.text(object + 1, row).unwrap_or_default())?;
                    Ok(match find(&context, call, object, row)? {
                        Object::Unknown => None,
                        Object::System => Some(wanted.iter().any(|privilege| !self.changing.contains(privilege))),
                        Object::User => Some(true),
                    })
                })
            })
    }

    /// The privileges that a text names; 22023 for one that this kind of object does not have.
    fn parse(&self, text: &str) -> Result<Vec<&'static str>> {
        let one = |part: &str| {
            let upper = part.trim().to_uppercase();
            let plain = upper.strip_suffix("WITH GRANT OPTION").map_or(upper.as_str(), str::trim_end);
            self.known.iter().find(|known| **known == plain).copied().ok_or_else(|| {
                let message = format!("unrecognized privilege type: \"{}\"", part.trim());
                external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message))
            })
        };
        text.split(',').map(one).collect()
    }
}

/// False for an OID that no role has; 42704 for a name that none has.
fn check_role(context: &FunctionContext, call: &Arguments, row: usize) -> Result<bool> {
    let roles = context.catalog.roles().map_err(external)?;
    if let Some(oid) = call.oid(0, row) {
        return Ok(roles.iter().any(|role| role.oid == oid));
    }
    let name = call.text(0, row).unwrap_or_default();
    if name == "public" || roles.iter().any(|role| role.name == name) {
        return Ok(true);
    }
    Err(external(Diagnostic::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist"))))
}
