//! `${hiveconf:x}` and its like, put in before a statement is read.

use mead_common::{Diagnostic, sqlstate};

/// How often values may hold variables themselves (`hive.variable.substitute.depth`).
const DEPTH_MAX: usize = 40;

/// The longest text that variables may make of a statement.
const BYTES_MAX: usize = 64 << 20;

/// Puts the values of variables in, wherever they stand, also in strings. What `value` does not know stays as it is written,
/// as in Hive. `value` is given what stands between the braces.
pub fn substitute(
    text: &str,
    value: impl Fn(&str) -> Result<Option<String>, Diagnostic>,
) -> Result<String, Diagnostic> {
    let mut current = text.to_owned();
    for _ in 0..DEPTH_MAX {
        let (next, changed) = once(&current, &value)?;
        if !changed {
            return Ok(current);
        }
        if next.len() > BYTES_MAX {
            return Err(Diagnostic::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                "the values of variables make this statement too long",
            ));
        }
        current = next;
    }
    Err(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, "variables are nested too deeply")
        .with_detail(format!("values may hold variables {DEPTH_MAX} times over")))
}

fn once(text: &str, value: impl Fn(&str) -> Result<Option<String>, Diagnostic>) -> Result<(String, bool), Diagnostic> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut changed = false;
    while let Some(start) = rest.find("${") {
        let behind = &rest[start + 2..];
        // A variable's name holds neither braces nor blanks.
        let end = behind.find(|letter: char| matches!(letter, '}' | '{' | '$') || letter.is_whitespace());
        match end.filter(|end| behind[*end..].starts_with('}')) {
            Some(end) => {
                out.push_str(&rest[..start]);
                match value(&behind[..end])? {
                    Some(known) => {
                        out.push_str(&known);
                        changed = true;
                    }
                    None => out.push_str(&rest[start..start + 2 + end + 1]),
                }
                rest = &behind[end + 1..];
            }
            None => {
                out.push_str(&rest[..start + 2]);
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    Ok((out, changed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Result<Option<String>, Diagnostic> {
        Ok(match name {
            "hiveconf:day" => Some("2024-01-02".to_owned()),
            "a" => Some("${b}".to_owned()),
            "b" => Some("${hiveconf:day}".to_owned()),
            "loop" => Some("${loop}".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn known_variables_are_put_in_and_others_stay() {
        let text = "SELECT '${hiveconf:day}', ${a}, '${none}', '${', '${ b}', '${${b}}'";
        let wanted = "SELECT '2024-01-02', 2024-01-02, '${none}', '${', '${ b}', '${2024-01-02}'";
        assert_eq!(substitute(text, value).unwrap(), wanted);
    }

    #[test]
    fn a_variable_in_itself_ends() {
        assert_eq!(substitute("${loop}", value).unwrap_err().sqlstate, sqlstate::PROGRAM_LIMIT_EXCEEDED);
    }
}
