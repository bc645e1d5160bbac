//! CREATE ROLE and ALTER ROLE, with CREATE USER and ALTER USER as other words for them.

use sqlparser::parser::Parser;

use crate::cursor::{ParseResult, ParserExt};

/// A role and what is said of it.
#[derive(Debug, Clone)]
pub struct CreateRole {
    pub name: String,
    pub if_not_exists: bool,
    pub options: RoleOptions,
}

/// `None` where the statement does not say.
#[derive(Debug, Clone, Default)]
pub struct RoleOptions {
    pub login: Option<bool>,
    pub superuser: Option<bool>,
    /// `Some(None)` for PASSWORD NULL.
    pub password: Option<Option<String>>,
}

/// A setting that sessions of a role begin with.
#[derive(Debug, Clone)]
pub struct RoleSetting {
    /// `None` for all roles.
    pub role: Option<String>,
    /// `None` for all settings, which then have no value.
    pub name: Option<String>,
    /// `None` takes the setting away.
    pub value: Option<String>,
}

/// `ALTER ROLE name|ALL SET x = y` or `RESET x|ALL`, and `ALTER DATABASE name SET x = y`, which is for all roles; `None` for
/// any other ALTER. Stands at ALTER.
pub(crate) fn setting(parser: &mut Parser<'_>) -> ParseResult<Option<RoleSetting>> {
    let of_role = parser.peek_word_at(1, "role") || parser.peek_word_at(1, "user");
    let of_database = parser.peek_word_at(1, "database");
    let sets = parser.peek_word_at(3, "set");
    let is_hives =
        ["dbproperties", "location", "managedlocation", "owner"].iter().any(|word| parser.peek_word_at(4, word));
    let changes = (sets && !is_hives) || parser.peek_word_at(3, "reset");
    if !parser.peek_word_at(0, "alter") || !(of_role || of_database) || !changes {
        return Ok(None);
    }
    parser.next_token();
    parser.next_token();
    let role = match parser.take_word("all") {
        true => None,
        false => Some(super::identifier_text(&parser.parse_identifier()?)).filter(|_| of_role),
    };
    parser.next_token();
    if sets {
        let set = super::set::set(parser)?;
        return Ok(Some(RoleSetting { role, name: Some(set.name), value: set.value }));
    }
    let name = if parser.take_word("all") { None } else { Some(super::set::setting_name(parser)?) };
    Ok(Some(RoleSetting { role, name, value: None }))
}

/// Behind `CREATE ROLE` or `ALTER ROLE`; a USER may log in.
pub(crate) fn role(parser: &mut Parser<'_>, user: bool) -> ParseResult<CreateRole> {
    let if_not_exists = parser.if_not_exists();
    let name = super::identifier_text(&parser.parse_identifier()?);
    let mut options = RoleOptions { login: user.then_some(true), ..RoleOptions::default() };
    let _ = parser.take_word("with");
    while !parser.at_end() {
        if parser.take_word("login") {
            options.login = Some(true);
        } else if parser.take_word("nologin") {
            options.login = Some(false);
        } else if parser.take_word("superuser") {
            options.superuser = Some(true);
        } else if parser.take_word("nosuperuser") {
            options.superuser = Some(false);
        } else if parser.take_word("encrypted") && parser.peek_word_at(0, "password") {
            // ENCRYPTED is the only way there is.
        } else if parser.take_word("password") {
            let password = if parser.take_word("null") { None } else { Some(parser.parse_literal_string()?) };
            options.password = Some(password);
        } else {
            return parser.unexpected("LOGIN, NOLOGIN, SUPERUSER, NOSUPERUSER or PASSWORD");
        }
    }
    Ok(CreateRole { name, if_not_exists, options })
}
