//! What has_table_privilege and its sisters share.
//!
//! There is no GRANT yet: every role may use what exists, and only what the system brings along cannot be changed. So the
//! answer depends on the object, while the role and the privilege are checked as PostgreSQL does. A grant option is what only
//! superusers have, who have it of everything.

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
                    let superuser = match object {
                        1 => match is_superuser(&context, call, row)? {
                            Some(superuser) => superuser,
                            None => return Ok(None),
                        },
                        _ => {
                            let user = context.session.user();
                            context.catalog.role(&user).map_err(external)?.is_some_and(|role| role.superuser)
                        }
                    };
                    let wanted = self.parse(call.text(object + 1, row).unwrap_or_default())?;
                    Ok(match find(&context, call, object, row)? {
                        Object::Unknown => None,
                        Object::System => Some(wanted.iter().any(|wanted| {
                            !self.changing.contains(&wanted.privilege) && (superuser || !wanted.with_grant_option)
                        })),
                        Object::User => Some(wanted.iter().any(|wanted| superuser || !wanted.with_grant_option)),
                    })
                })
            })
    }

    /// The privileges that a text names; 22023 for one that this kind of object does not have.
    fn parse(&self, text: &str) -> Result<Vec<Wanted>> {
        let one = |part: &str| {
            let upper = part.trim().to_uppercase();
            let (plain, with_grant_option) = match upper.strip_suffix(" WITH GRANT OPTION") {
                Some(plain) => (plain.trim_end(), true),
                None => (upper.as_str(), false),
            };
            let known = self.known.iter().find(|known| **known == plain);
            known.map(|privilege| Wanted { privilege, with_grant_option }).ok_or_else(|| {
                let message = format!("unrecognized privilege type: \"{}\"", part.trim());
                external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message))
            })
        };
        text.split(',').map(one).collect()
    }
}

/// One privilege that is asked about.
struct Wanted {
    privilege: &'static str,
    with_grant_option: bool,
}

/// Whether the role of argument 0 is a superuser. `None` for an OID that no role has; 42704 for a name that none has.
fn is_superuser(context: &FunctionContext, call: &Arguments, row: usize) -> Result<Option<bool>> {
    let roles = context.catalog.roles().map_err(external)?;
    if let Some(oid) = call.oid(0, row) {
        return Ok(roles.iter().find(|role| role.oid == oid).map(|role| role.superuser));
    }
    let name = call.text(0, row).unwrap_or_default();
    if name == "public" {
        return Ok(Some(false));
    }
    match roles.iter().find(|role| role.name == name) {
        Some(role) => Ok(Some(role.superuser)),
        None => Err(external(Diagnostic::new(sqlstate::UNDEFINED_OBJECT, format!("role \"{name}\" does not exist")))),
    }
}
