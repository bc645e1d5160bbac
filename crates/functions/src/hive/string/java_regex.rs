//! Regular expressions in Java's syntax, on an engine whose time is linear in the text. What Java's has beyond it
//! (look-around, back references, possessive quantifiers) is refused.

use std::collections::HashMap;

use datafusion::error::Result;
use mead_common::{Diagnostic, sqlstate};
use regex::{Captures, Regex};

use crate::error::external;

/// A pattern, ready to match.
#[derive(Debug, Clone)]
pub struct JavaRegex {
    regex: Regex,
}

impl JavaRegex {
    /// The pattern as Java means it; an error names what cannot be used of it.
    pub fn new(pattern: &str) -> Result<Self> {
        let translated = translate(pattern)?;
        let regex = Regex::new(&translated).map_err(|error| {
            let reason = match &error {
                regex::Error::Syntax(text) => {
                    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
                }
                other => other.to_string(),
            };
            invalid(pattern, &reason)
        })?;
        Ok(Self { regex })
    }

    pub(in crate::hive) fn regex(&self) -> &Regex {
        &self.regex
    }
}

fn invalid(pattern: &str, reason: &str) -> datafusion::error::DataFusionError {
    let message = format!("invalid regular expression \"{pattern}\": {reason}");
    external(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message))
}

fn unsupported(pattern: &str, what: &str) -> datafusion::error::DataFusionError {
    let message = format!("{what} in regular expression \"{pattern}\" is not supported");
    external(Diagnostic::new(sqlstate::FEATURE_NOT_SUPPORTED, message))
}

/// Java's classes are of ASCII, and it has some that the engine names otherwise.
fn translate(pattern: &str) -> Result<String> {
    let mut result = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    // How many brackets of classes are open, and whether a quantifier has just been read.
    let (mut classes, mut quantified) = (0usize, false);
    while let Some(character) = characters.next() {
        let quantifier = matches!(character, '*' | '+' | '?' | '}') && classes == 0;
        if quantified && character == '+' {
            return Err(unsupported(pattern, "a possessive quantifier"));
        }
        match character {
            '\\' => match characters.next() {
                None => return Err(invalid(pattern, "it ends with a backslash")),
                Some('Q') => {
                    let mut quoted = String::new();
                    while let Some(next) = characters.next() {
                        if next == '\\' && characters.next_if_eq(&'E').is_some() {
                            break;
                        }
                        quoted.push(next);
                    }
                    result.push_str(&regex::escape(&quoted));
                }
                Some('E') => {}
                Some(letter) => escape(pattern, letter, &mut characters, classes > 0, &mut result)?,
            },
            '[' => {
                classes += 1;
                result.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    result.push('^');
                }
                // Java takes a bracket that comes first for itself; so does the engine.
                if characters.next_if_eq(&']').is_some() {
                    result.push_str("\\]");
                }
            }
            ']' if classes > 0 => {
                classes -= 1;
                result.push(']');
            }
            ']' => result.push_str("\\]"),
            // An engine of sets reads two of these as an operator, Java as characters.
            '~' | '-' if classes > 0 && characters.peek() == Some(&character) => {
                result.push('\\');
                result.push(character);
            }
            '(' if classes == 0 && characters.peek() == Some(&'?') => {
                let rest: String = characters.clone().take(3).collect();
                if rest.starts_with("?=")
                    || rest.starts_with("?!")
                    || rest.starts_with("?<=")
                    || rest.starts_with("?<!")
                {
                    return Err(unsupported(pattern, "look-around"));
                }
                if rest.starts_with("?>") {
                    return Err(unsupported(pattern, "an atomic group"));
                }
                result.push('(');
            }
            '{' if classes == 0 && !counts(characters.clone()) => result.push_str("\\{"),
            '}' if classes == 0 && !counted(&result) => result.push_str("\\}"),
            other => result.push(other),
        }
        quantified = quantifier;
    }
    Ok(result)
}

/// Whether what follows an opening brace is a number of repetitions.
fn counts(rest: impl Iterator<Item = char>) -> bool {
    let inner: String = rest.take_while(|character| *character != '}').collect();
    !inner.is_empty() && inner.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether a number of repetitions is open at the end of what was written.
fn counted(result: &str) -> bool {
    let digits = result.trim_end_matches(|character: char| character.is_ascii_digit() || character == ',');
    digits.len() < result.len() && digits.ends_with('{') && !digits.ends_with("\\{")
}

fn escape(
    pattern: &str,
    letter: char,
    rest: &mut std::iter::Peekable<std::str::Chars>,
    in_class: bool,
    result: &mut String,
) -> Result<()> {
    let class = match letter {
        'd' => Some("0-9"),
        'w' => Some("a-zA-Z0-9_"),
        's' => Some(r" \t\n\x0B\x0C\r"),
        'h' => Some(r" \t\xA0\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"),
        'v' => Some(r"\n\x0B\x0C\r\x{85}\x{2028}\x{2029}"),
        _ => None,
    };
    if let Some(class) = class {
        result.push_str(&if in_class { class.to_owned() } else { format!("[{class}]") });
        return Ok(());
    }
    match letter {
        'D' => result.push_str("[^0-9]"),
        'W' => result.push_str("[^a-zA-Z0-9_]"),
        'S' => result.push_str(r"[^ \t\n\x0B\x0C\r]"),
        'R' => result.push_str(r"(?:\r\n|[\n\x0B\x0C\r\x{85}\x{2028}\x{2029}])"),
        'Z' => result.push_str(r"(?:\n?\z)"),
        'e' => result.push_str(r"\x1B"),
        'u' => {
            let digits: String = rest.by_ref().take(4).collect();
            result.push_str(&format!("\\x{{{digits}}}"));
        }
        'p' | 'P' => {
            let name: String = match rest.next() {
                Some('{') => rest.by_ref().take_while(|character| *character != '}').collect(),
                Some(single) => single.to_string(),
                None => return Err(invalid(pattern, "a class has no name")),
            };
            result.push_str(&posix(&name, letter == 'P', in_class));
        }
        '1'..='9' => return Err(unsupported(pattern, "a back reference")),
        'k' => return Err(unsupported(pattern, "a back reference")),
        'G' => return Err(unsupported(pattern, "\\G")),
        'c' | '0' => return Err(unsupported(pattern, "a control character by its number")),
        'A' | 'z' | 'b' | 'B' | 't' | 'n' | 'r' | 'f' | 'a' | 'x' => {
            result.push('\\');
            result.push(letter);
        }
        letter if letter.is_ascii_alphabetic() => return Err(invalid(pattern, &format!("unknown escape \\{letter}"))),
        other => result.push_str(&regex::escape(&other.to_string())),
    }
    Ok(())
}

/// Java's names of classes of ASCII, and those of Unicode as they are.
fn posix(name: &str, negated: bool, in_class: bool) -> String {
    let class = match name {
        "Lower" => "a-z",
        "Upper" => "A-Z",
        "ASCII" => r"\x00-\x7F",
        "Alpha" => "a-zA-Z",
        "Digit" => "0-9",
        "Alnum" => "a-zA-Z0-9",
        "Punct" => r"!-/:-@\[-`\{-~",
        "Graph" => "!-~",
        "Print" => " -~",
        "Blank" => r" \t",
        "Cntrl" => r"\x00-\x1F\x7F",
        "XDigit" => "0-9a-fA-F",
        "Space" => r" \t\n\x0B\x0C\r",
        _ => {
            let name = name.strip_prefix("Is").or_else(|| name.strip_prefix("In")).unwrap_or(name);
            return format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' });
        }
    };
    match (negated, in_class) {
        (true, _) => format!("[^{class}]"),
        (false, true) => class.to_owned(),
        (false, false) => format!("[{class}]"),
    }
}

/// The patterns that a call has met.
#[derive(Default)]
pub(in crate::hive) struct Regexes {
    known: HashMap<String, JavaRegex>,
}

/// How many patterns are kept.
const REGEXES_MAX: usize = 64;

impl Regexes {
    pub fn get(&mut self, pattern: &str) -> Result<&Regex> {
        if !self.known.contains_key(pattern) {
            if self.known.len() >= REGEXES_MAX {
                self.known.clear();
            }
            self.known.insert(pattern.to_owned(), JavaRegex::new(pattern)?);
        }
        match self.known.get(pattern) {
            Some(regex) => Ok(regex.regex()),
            None => Err(invalid(pattern, "it was forgotten")),
        }
    }
}

/// What `Matcher.replaceAll` puts in a match's place: `$1` and `${name}` are groups, a backslash quotes.
pub(super) fn expand(replacement: &str, captures: &Captures, result: &mut String) -> std::result::Result<(), String> {
    let mut characters = replacement.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(quoted) => result.push(quoted),
                None => return Err("a replacement ends with a backslash".to_owned()),
            },
            '$' => match characters.next() {
                Some('{') => {
                    let name: String = characters.by_ref().take_while(|character| *character != '}').collect();
                    result.push_str(captures.name(&name).map_or("", |group| group.as_str()));
                }
                Some(digit) if digit.is_ascii_digit() => {
                    let mut group = digit as usize - '0' as usize;
                    // As many digits as still name a group.
                    while let Some(next) = characters.peek().and_then(|next| next.to_digit(10)) {
                        let longer = group * 10 + next as usize;
                        if longer >= captures.len() {
                            break;
                        }
                        group = longer;
                        characters.next();
                    }
                    if group >= captures.len() {
                        return Err(format!("no group {group}"));
                    }
                    result.push_str(captures.get(group).map_or("", |group| group.as_str()));
                }
                _ => return Err("a group reference has no number".to_owned()),
            },
            other => result.push(other),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        JavaRegex::new(pattern).unwrap().regex().is_match(text)
    }

    #[test]
    fn javas_classes_are_of_ascii() {
        assert!(matches(r"^\d+$", "123") && !matches(r"^\d+$", "١٢٣"));
        assert!(matches(r"^[\w.]+$", "a_1.b") && !matches(r"^\w+$", "é"));
        assert!(matches(r"^\p{Alpha}+$", "abc") && !matches(r"^\p{Alpha}+$", "é"));
        assert!(matches(r"^\p{L}+$", "é") && matches(r"^\p{IsAlphabetic}+$", "é"));
        assert!(matches(r"\Qa.b\E", "a.b") && !matches(r"\Qa.b\E", "axb"));
        assert!(matches(r"^\u0041$", "A"));
        assert!(matches("a{2}", "aa") && matches("a{x}", "a{x}") && matches("^}$", "}"));
        assert!(matches("^[a-z&&[^b]]$", "a") && !matches("^[a-z&&[^b]]$", "b"));
        assert!(matches(r"^[^\]]$", "a") && matches("^a]$", "a]"));
    }

    #[test]
    fn what_the_engine_lacks_is_refused() {
        for pattern in ["(?=a)", "(?<!a)b", r"(a)\1", "a++", "a*+", "a?+", "(?>a)"] {
            let error = JavaRegex::new(pattern).unwrap_err().to_string();
            assert!(error.contains("is not supported"), "{pattern}: {error}");
        }
        for pattern in ["(", "[a", "a\\", r"\y", "*a"] {
            let error = JavaRegex::new(pattern).unwrap_err().to_string();
            assert!(error.contains("invalid regular expression"), "{pattern}: {error}");
        }
    }
}
