//! SET and RESET as Hive has them: the value is the rest of the statement, without quotes, whatever it holds.

use crate::error::Error;
use crate::statement::{Set, Statement};

/// Where Hive keeps a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariableKind {
    /// A key of Hive's configuration, or any other that a script needs.
    Configuration,
    /// `hivevar:`
    Variable,
    /// `system:`
    System,
    /// `env:`
    Environment,
}

impl VariableKind {
    const PREFIXES: [(&'static str, VariableKind); 5] = [
        ("hiveconf:", VariableKind::Configuration),
        ("hivevar:", VariableKind::Variable),
        ("system:", VariableKind::System),
        ("env:", VariableKind::Environment),
        ("metaconf:", VariableKind::Configuration),
    ];

    /// `hivevar:x` is the variable `x`; a name without a prefix is a key of the configuration.
    pub fn split(name: &str) -> (Self, &str) {
        let found = Self::PREFIXES.iter().find_map(|(prefix, kind)| {
            let head = name.get(..prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| (*kind, &name[prefix.len()..]))
        });
        found.unwrap_or((VariableKind::Configuration, name))
    }
}

/// A command of Hive's shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionCommand {
    /// `SET key=value`
    Assign { kind: VariableKind, key: String, value: String },
    /// `SET key`
    Show { kind: VariableKind, key: String },
    /// `SET`, and `SET -v`, which lists what has its default too.
    List { all: bool },
}

/// The statement, if the text is one of these commands.
pub(super) fn command(text: &str) -> Result<Option<Statement>, Error> {
    let (first, rest) = first_word(text);
    let command = match first.to_ascii_lowercase().as_str() {
        "set" => return Ok(set(rest)),
        "reset" => {
            let key =
                rest.strip_prefix("-d").filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(rest).trim();
            return Ok(Some(match key.to_ascii_lowercase().as_str() {
                "" | "all" => Statement::Reset(None),
                _ => Statement::Reset(Some(key.to_owned())),
            }));
        }
        "add" | "delete" | "list" => {
            let (second, _) = first_word(rest);
            let second = second.to_ascii_lowercase();
            let what = second.trim_end_matches('s');
            match ["jar", "file", "archive"].contains(&what)
                && !(first.eq_ignore_ascii_case("delete") && second == "from")
            {
                true => format!("{} {}", first.to_uppercase(), what.to_uppercase()),
                false => return Ok(None),
            }
        }
        "dfs" => "dfs".to_owned(),
        "source" => "source".to_owned(),
        "!" => "! (a command of the shell)".to_owned(),
        other if other.starts_with('!') => "! (a command of the shell)".to_owned(),
        _ => return Ok(None),
    };
    Err(Error::Unsupported {
        message: format!("{command} is not supported"),
        hint: Some("it would run on the server's machine".to_owned()),
        position: 1,
    })
}

/// Behind SET; `None` for what is Postgres's or Spark's own SET, which the grammar reads.
fn set(rest: &str) -> Option<Statement> {
    let rest = rest.trim();
    let list = |all| Some(Statement::SessionCommand(SessionCommand::List { all }));
    match rest.to_ascii_lowercase().as_str() {
        "" => return list(false),
        "-v" => return list(true),
        _ => {}
    }
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "_.:-/$#@".contains(letter))
    };
    let Some((name, value)) = rest.split_once('=') else {
        let spelled = ["local", "session", "time", "names", "transaction", "role"];
        let (first, others) = first_word(rest);
        if !others.is_empty() || spelled.contains(&first.to_ascii_lowercase().as_str()) || !is_name(first) {
            return None;
        }
        let (kind, key) = VariableKind::split(rest);
        return Some(Statement::SessionCommand(SessionCommand::Show { kind, key: key.to_owned() }));
    };
    let (name, value) = (name.trim().trim_matches('`'), value.trim());
    if let Some(name) = name.get(6..).filter(|_| name.to_ascii_lowercase().starts_with("local ")) {
        let value = Some(unquoted(value).to_owned());
        return Some(Statement::Set(Set { name: name.trim().to_owned(), value, local: true }));
    }
    if !is_name(name) {
        return None;
    }
    let (kind, key) = VariableKind::split(name);
    Some(Statement::SessionCommand(SessionCommand::Assign { kind, key: key.to_owned(), value: value.to_owned() }))
}

/// A value without the quotes around it.
pub(crate) fn unquoted(value: &str) -> &str {
    ['\'', '"'].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote)).unwrap_or(value)
}

impl SessionCommand {
    /// The value of an assignment to one of mead's own settings, whose strings may be quoted.
    pub fn plain_value(value: &str) -> &str {
        unquoted(value)
    }
}

/// The first word, and what is behind it without blanks.
fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(|letter: char| letter.is_whitespace()).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned(text: &str) -> (VariableKind, String, String) {
        match command(text).unwrap() {
            Some(Statement::SessionCommand(SessionCommand::Assign { kind, key, value })) => (kind, key, value),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_value_is_the_rest_of_the_statement() {
        let wanted = (VariableKind::Configuration, "a.b".to_owned(), "x = 'y' (z".to_owned());
        assert_eq!(assigned("SET a.b = x = 'y' (z "), wanted);
        assert_eq!(assigned("set hivevar:day=2024"), (VariableKind::Variable, "day".to_owned(), "2024".to_owned()));
        assert_eq!(assigned("set x=").2, "");
    }

    #[test]
    fn without_a_value_it_is_shown() {
        assert!(matches!(
            command("set hiveconf:a.b").unwrap(),
            Some(Statement::SessionCommand(SessionCommand::Show { kind: VariableKind::Configuration, key })) if key == "a.b"
        ));
        assert!(matches!(
            command("set -v").unwrap(),
            Some(Statement::SessionCommand(SessionCommand::List { all: true }))
        ));
        assert!(command("set time zone 'UTC'").unwrap().is_none());
        assert!(command("select 1").unwrap().is_none());
    }

    #[test]
    fn commands_of_the_shell_are_refused() {
        for text in ["add jar /tmp/x.jar", "dfs -ls /", "source x.sql", "!ls", "list files"] {
            assert!(matches!(command(text), Err(Error::Unsupported { .. })), "{text}");
        }
    }
}
