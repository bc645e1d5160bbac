//! Where in the statement's text an error lies.
//!
//! DataFusion's errors carry spans for some names. Where they do not, the name that the message quotes is looked for in
//! the text: its first occurrence as a word outside of strings and comments is where Postgres would point.

use datafusion::error::DataFusionError;

use crate::plan::literal::LiteralError;

/// The position, in characters from 1, of a line and column (both from 1).
pub(crate) fn from_line_and_column(text: &str, line: u64, column: u64) -> Option<usize> {
    if line == 0 || column == 0 {
        return None;
    }
    let before: usize = text.split('\n').take(line as usize - 1).map(|line| line.chars().count() + 1).sum();
    let position = before + column as usize;
    (position <= text.chars().count() + 1).then_some(position)
}

/// The span that an error carries, as a position; or where the literal stands that it is of.
pub(crate) fn of_error(error: &DataFusionError, text: &str) -> Option<usize> {
    let literal = literal_error(error);
    if let Some(literal) = literal {
        return of_literal(text, &literal.text);
    }
    let mut diagnostics = error.iter().filter_map(|error| match error {
        DataFusionError::Diagnostic(diagnostic, _) => diagnostic.span,
        _ => None,
    });
    let span = diagnostics.next()?;
    from_line_and_column(text, span.start.line, span.start.column)
}

/// The first occurrence of `name` as a whole word, outside of strings and comments and at or after `from` (characters
/// from 0).
pub(crate) fn of_name(text: &str, from: usize, name: &str) -> Option<usize> {
    let letters: Vec<char> = text.chars().collect();
    let wanted: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    if wanted.is_empty() {
        return None;
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    while at < letters.len() {
        match letters[at] {
            '\'' => at = skip_string(&letters, at),
            '-' if letters.get(at + 1) == Some(&'-') => at = skip_until(&letters, at, |c| c == '\n'),
            _ => {
                let end = at + wanted.len();
                let same = end <= letters.len()
                    && letters[at..end].iter().zip(&wanted).all(|(a, b)| a.to_lowercase().eq(std::iter::once(*b)));
                let bounded = (at == 0 || !is_word(letters[at - 1])) && letters.get(end).is_none_or(|c| !is_word(*c));
                if same && bounded && at >= from {
                    return Some(at + 1);
                }
                at += 1;
            }
        }
    }
    None
}

/// The error of a literal inside of an error of DataFusion.
fn literal_error(error: &DataFusionError) -> Option<&LiteralError> {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => literal_error(inner),
        DataFusionError::Shared(inner) => literal_error(inner),
        DataFusionError::Collection(errors) => literal_error(errors.first()?),
        DataFusionError::External(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(inner) => literal_error(inner),
            None => inner.downcast_ref::<LiteralError>(),
        },
        _ => None,
    }
}

/// The first string of the text whose value is `value`.
fn of_literal(text: &str, value: &str) -> Option<usize> {
    let letters: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < letters.len() {
        match letters[at] {
            '\'' => {
                let (found, end) = string_at(&letters, at);
                if found == value {
                    return Some(at + 1);
                }
                at = end;
            }
            '-' if letters.get(at + 1) == Some(&'-') => at = skip_until(&letters, at, |c| c == '\n'),
            _ => at += 1,
        }
    }
    None
}

/// The value of the string that begins at `start`, with doubled quotes as one, and where it ends.
fn string_at(letters: &[char], start: usize) -> (String, usize) {
    let mut value = String::new();
    let mut at = start + 1;
    while let Some(letter) = letters.get(at) {
        match (letter, letters.get(at + 1)) {
            ('\'', Some('\'')) => at += 1,
            ('\'', _) => return (value, at + 1),
            _ => {}
        }
        value.push(*letter);
        at += 1;
    }
    (value, at)
}

fn skip_string(letters: &[char], start: usize) -> usize {
    skip_until(letters, start + 1, |c| c == '\'') + 1
}

fn skip_until(letters: &[char], start: usize, end: impl Fn(char) -> bool) -> usize {
    letters.iter().skip(start).position(|c| end(*c)).map_or(letters.len(), |offset| start + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_become_positions() {
        assert_eq!(from_line_and_column("select 1\nfrom t", 2, 6), Some(15));
        assert_eq!(from_line_and_column("é\nx", 2, 1), Some(3));
        assert_eq!(from_line_and_column("x", 9, 9), None);
    }

    #[test]
    fn literals_are_found_by_their_value() {
        assert_eq!(of_literal("select 'a', -- 'it''s'\n 'it''s'", "it's"), Some(25));
        assert_eq!(of_literal("select 'a", "b"), None);
    }

    #[test]
    fn names_are_found_as_words_outside_of_strings() {
        assert_eq!(of_name("select 'foo', food, Foo from t", 0, "foo"), Some(21));
        assert_eq!(of_name("select 1 -- foo\n, foo", 0, "foo"), Some(19));
        assert_eq!(of_name("select 1", 0, "foo"), None);
    }
}
