//! A task's command line: `--name value`, `--name=value`, `--flag`, and what stands behind `--`.

use std::str::FromStr;

use crate::trouble::Trouble;

/// What was given and not yet asked for.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    words: Vec<String>,
    rest: Vec<String>,
}

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, Trouble> {
        let mut arguments = Self::default();
        let mut behind = false;
        for word in words {
            match (behind, word.as_str(), word.split_once('=')) {
                (true, ..) => arguments.rest.push(word),
                (false, "--", _) => behind = true,
                (false, _, Some((name, value))) if name.starts_with("--") => {
                    arguments.words.extend([name.to_owned(), value.to_owned()]);
                }
                _ => arguments.words.push(word),
            }
        }
        Ok(arguments)
    }

    /// True if the flag was given.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let found = self.words.iter().position(|word| word == name);
        found.map(|index| self.words.remove(index)).is_some()
    }

    /// The value of an option.
    pub(crate) fn value<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, Trouble> {
        let Some(index) = self.words.iter().position(|word| word == name) else { return Ok(None) };
        self.words.remove(index);
        if index == self.words.len() {
            return Err(Trouble::new(format!("{name} needs a value")));
        }
        let value = self.words.remove(index);
        value.parse().map(Some).map_err(|_| Trouble::new(format!("\"{value}\" is no value for {name}")))
    }

    /// What stood behind `--`.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::mem::take(&mut self.rest)
    }

    /// An error if anything was given that nobody asked for.
    pub(crate) fn finish(self) -> Result<(), Trouble> {
        match self.words.into_iter().chain(self.rest).next() {
            Some(word) => Err(Trouble::new(format!("unexpected argument \"{word}\"")).hint("see `cargo xtask help`")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Arguments {
        Arguments::parse(text.split_whitespace().map(str::to_owned)).unwrap()
    }

    #[test]
    fn options_flags_and_the_rest() {
        let mut arguments = parse("--port 15400 --exit --data-dir=/tmp/a=b -- conv2d --nocapture");
        assert_eq!(arguments.value::<u16>("--port").unwrap(), Some(15400));
        assert_eq!(arguments.value::<String>("--data-dir").unwrap().as_deref(), Some("/tmp/a=b"));
        assert!(arguments.flag("--exit"));
        assert!(!arguments.flag("--exit"));
        assert_eq!(arguments.rest(), ["conv2d", "--nocapture"]);
        assert!(arguments.finish().is_ok());
    }

    #[test]
    fn what_nobody_asked_for_is_an_error() {
        assert!(parse("--prot 1").finish().is_err());
        assert!(parse("-- conv2d").finish().is_err());
        assert!(parse("--port").value::<u16>("--port").is_err());
        assert!(parse("--port many").value::<u16>("--port").is_err());
    }
}
