//! `` SELECT `(ds|hr)?+.+` ``: columns by a regular expression, which must match a whole name, whatever its case.

use datafusion::error::Result;

use super::java_regex::JavaRegex;

/// A pattern of columns' names.
#[derive(Debug)]
pub struct ColumnPattern {
    /// What is taken first if it is there, and is not given back: the `(ds|hr)?+` of `(ds|hr)?+.+`, which leaves columns out.
    taken: Option<JavaRegex>,
    rest: JavaRegex,
}

impl ColumnPattern {
    /// An error names what cannot be used of the pattern.
    pub fn new(pattern: &str) -> Result<Self> {
        let (taken, rest) = match possessive(pattern) {
            Some((taken, rest)) => (Some(JavaRegex::new(&format!("^(?i:{taken})"))?), rest),
            None => (None, pattern),
        };
        Ok(Self { taken, rest: JavaRegex::new(&format!("^(?i:{rest})$"))? })
    }

    pub fn matches(&self, name: &str) -> bool {
        let begins = self.taken.as_ref().and_then(|taken| taken.regex().find(name)).map_or(0, |found| found.end());
        name.get(begins..).is_some_and(|rest| self.rest.regex().is_match(rest))
    }
}

/// The group and the rest of `(group)?+rest`.
fn possessive(pattern: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (place, letter) in pattern.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {}
        }
        if depth == 0 {
            return Some((&pattern[..=place], pattern[place + 1..].strip_prefix("?+")?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names() {
        let matched = |pattern: &str| {
            let pattern = ColumnPattern::new(pattern).unwrap();
            ["ds", "hr", "key", "dsx", "value"].into_iter().filter(|name| pattern.matches(name)).collect::<Vec<_>>()
        };
        assert_eq!(matched("(ds|hr)?+.+"), ["key", "dsx", "value"]);
        assert_eq!(matched("d.*"), ["ds", "dsx"]);
        assert_eq!(matched("KEY|value"), ["key", "value"]);
        assert_eq!(matched(".*"), ["ds", "hr", "key", "dsx", "value"]);
        assert!(ColumnPattern::new("(").is_err());
    }
}
