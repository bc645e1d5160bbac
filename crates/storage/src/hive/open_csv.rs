//! OpenCSVSerde: quoted fields, all of them text.

use super::builder::{Builder, Reading};
use super::format::TableFormat;
use crate::Error;

#[derive(Debug, Clone)]
pub(super) struct OpenCsv {
    pub separator: char,
    pub quote: char,
    pub escape: char,
}

impl OpenCsv {
    pub fn new(format: &TableFormat) -> Result<Self, Error> {
        let letter = |name: &str, default: char| match format.get(name) {
            None | Some("") => Ok(default),
            Some("\\t") => Ok('\t'),
            Some("\\\\") => Ok('\\'),
            // Longer texts count by their first character, as in Hive.
            Some(value) => value.chars().next().ok_or_else(|| format.invalid(name, "one character")),
        };
        Ok(Self {
            separator: letter("separatorChar", ',')?,
            quote: letter("quoteChar", '"')?,
            escape: letter("escapeChar", '"')?,
        })
    }

    /// The fields of a line.
    fn fields(&self, line: &str) -> Vec<String> {
        let mut fields = Vec::new();
        let mut field = String::new();
        let mut quoted = false;
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            let escapes = |next: Option<&char>| next.is_some_and(|next| *next == self.quote || *next == self.escape);
            if letter == self.escape && self.escape != self.quote && escapes(letters.peek()) {
                field.extend(letters.next());
            } else if letter == self.quote {
                if quoted && letters.peek() == Some(&self.quote) {
                    field.extend(letters.next());
                } else {
                    quoted = !quoted;
                }
            } else if letter == self.separator && !quoted {
                fields.push(std::mem::take(&mut field));
            } else {
                field.push(letter);
            }
        }
        fields.push(field);
        fields
    }

    pub fn read_line(&self, line: &[u8], places: &[usize], builders: &mut [Builder]) {
        let fields = self.fields(&String::from_utf8_lossy(line));
        for (place, builder) in places.iter().zip(builders) {
            match fields.get(*place) {
                Some(text) => builder.text(text, Reading::default()),
                None => builder.null(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes() {
        let csv = OpenCsv { separator: ',', quote: '"', escape: '\\' };
        assert_eq!(csv.fields(r#"a,"b,c","d""e",\"f,"#), ["a", "b,c", "d\"e", "\"f", ""]);
    }
}
