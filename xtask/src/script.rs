//! A file of SQL as its statements, with psql's variables in them.

use crate::trouble::Trouble;

/// One statement of a script.
#[derive(Debug, PartialEq)]
pub(crate) struct Statement {
    /// The comments and the statement as the file has them, with the semicolon.
    pub(crate) shown: String,
    /// What the server is to run: the same, with the variables' values.
    pub(crate) sql: String,
}

/// Splits a script at the semicolons that stand outside quotes and comments. `:'name'` becomes the variable's value as
/// a literal, as psql does it. Comments behind the last statement are dropped.
pub(crate) fn split(text: &str, variables: &[(&str, &str)]) -> Result<Vec<Statement>, Trouble> {
    let mut statements = Vec::new();
    let (mut shown, mut sql) = (String::new(), String::new());
    let mut rest = text;
    let mut has_words = false;
    while !rest.is_empty() {
        if let Some((name, length)) = variable(rest) {
            let value = variables.iter().find(|(known, _)| *known == name);
            let (_, value) = value.ok_or_else(|| Trouble::new(format!("there is no variable :'{name}'")))?;
            shown.push_str(&rest[..length]);
            sql.push_str(&format!("'{}'", value.replace('\'', "''")));
            rest = &rest[length..];
            continue;
        }
        let (piece, is_comment) = piece(rest);
        shown.push_str(piece);
        sql.push_str(piece);
        rest = &rest[piece.len()..];
        has_words |= !is_comment && piece != ";" && !piece.trim().is_empty();
        if piece == ";" {
            let statement = Statement { shown: shown.trim().to_owned(), sql: sql.trim().to_owned() };
            (shown, sql) = (String::new(), String::new());
            if std::mem::take(&mut has_words) {
                statements.push(statement);
            }
        }
    }
    match has_words {
        true => Err(Trouble::new("the last statement does not end with a semicolon")),
        false => Ok(statements),
    }
}

/// `:'name'` at the beginning: the name, and the length of all of it.
fn variable(text: &str) -> Option<(&str, usize)> {
    let name = text.strip_prefix(":'")?;
    let end = name.find('\'')?;
    let is_name = end > 0 && name[..end].chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then(|| (&name[..end], end + 3))
}

/// What stands at the beginning of a text that is not empty: a comment, something quoted or one letter; and whether it
/// is a comment.
fn piece(text: &str) -> (&str, bool) {
    let until = |start: usize, end: &str| {
        let found = text[start..].find(end).map(|at| start + at + end.len());
        &text[..found.unwrap_or(text.len())]
    };
    let first = text.chars().next().map_or(0, char::len_utf8);
    match text.as_bytes() {
        [b'-', b'-', ..] => (until(2, "\n"), true),
        [b'/', b'*', ..] => (until(2, "*/"), true),
        // A doubled quote is two quoted pieces, one behind the other.
        [b'\'', ..] => (until(1, "'"), false),
        [b'"', ..] => (until(1, "\""), false),
        _ => (&text[..first], false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(text: &str) -> Vec<String> {
        split(text, &[]).unwrap().into_iter().map(|statement| statement.sql).collect()
    }

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        let text = "-- a; b\nSELECT 'x;''y' AS \"a;b\"; /* ; */ SELECT 2;\n-- the end\n;";
        assert_eq!(statements(text), ["-- a; b\nSELECT 'x;''y' AS \"a;b\";", "/* ; */ SELECT 2;"]);
    }

    #[test]
    fn variables_are_literals() {
        let found = split("COPY t TO :'file';", &[("file", "/tmp/it's.csv")]).unwrap();
        let expected = Statement { shown: "COPY t TO :'file';".into(), sql: "COPY t TO '/tmp/it''s.csv';".into() };
        assert_eq!(found, [expected]);
        assert!(split("SELECT :'other';", &[]).is_err());
    }

    #[test]
    fn casts_slices_and_quoted_colons_are_no_variables() {
        let text = "SELECT a::text, b[1:2], ':''x''', 'ä' FROM t;";
        assert_eq!(statements(text), [text]);
    }

    #[test]
    fn a_statement_ends_with_a_semicolon() {
        assert!(split("SELECT 1; SELECT 2", &[]).is_err());
        assert_eq!(statements(" \n-- nothing\n"), [""; 0]);
    }
}
