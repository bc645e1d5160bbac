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
