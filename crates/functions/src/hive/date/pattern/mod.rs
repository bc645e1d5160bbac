//! Patterns of dates and times, as Java writes them: `yyyy-MM-dd HH:mm:ss`.
//!
//! Hive's are those of `SimpleDateFormat`, which reads leniently: a 32nd of January is the first of February, and text after
//! what the pattern says is passed over. Spark's are those of `DateTimeFormatter`, which is strict.
//! <https://docs.oracle.com/javase/8/docs/api/java/text/SimpleDateFormat.html>

mod format;
mod parse;
pub(crate) mod zone;

use mead_common::Dialect;

/// A pattern, cut into its letters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    lenient: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// A letter and how often it stands there.
    Field(char, usize),
    Literal(String),
}

/// Letters that both of Java's formatters know and this one does too.
const LETTERS: &str = "yYuMLdDEaHhKkmsSGwWFQqzZXxV";

impl Pattern {
    /// A pattern in the words of a dialect; `None` where it has a letter that means nothing.
    pub fn new(text: &str, dialect: Dialect) -> Option<Self> {
        let lenient = dialect != Dialect::Spark;
        let mut parts: Vec<Part> = Vec::new();
        let mut characters = text.chars().peekable();
        let mut literal = String::new();
        while let Some(character) = characters.next() {
            if character == '\'' {
                if characters.next_if_eq(&'\'').is_some() {
                    literal.push('\'');
                    continue;
                }
                loop {
                    match characters.next()? {
                        '\'' if characters.next_if_eq(&'\'').is_some() => literal.push('\''),
                        '\'' => break,
                        other => literal.push(other),
                    }
                }
            } else if character.is_ascii_alphabetic() {
                let known = match lenient {
                    true => !"LQqxV".contains(character),
                    false => !"YuwWF".contains(character),
                };
                if !LETTERS.contains(character) || !known {
                    return None;
                }
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                let mut count = 1;
                while characters.next_if_eq(&character).is_some() {
                    count += 1;
                }
                parts.push(Part::Field(character, count));
            } else {
                literal.push(character);
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Some(Self { parts, lenient })
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_quotes_are_told_apart() {
        let pattern = Pattern::new("yyyy'T'''d", Dialect::Hive).unwrap();
        assert_eq!(pattern.parts, [Part::Field('y', 4), Part::Literal("T'".to_owned()), Part::Field('d', 1)]);
        assert_eq!(Pattern::new("yyyy b", Dialect::Hive), None);
        assert_eq!(Pattern::new("'open", Dialect::Hive), None);
    }
}
