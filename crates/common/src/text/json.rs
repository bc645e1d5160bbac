//! Whether a text is JSON (RFC 8259). Nothing is built of it: json keeps the text as it was written.

use crate::{Diagnostic, sqlstate};

/// 22P02 for a text that is no JSON, with what was expected as detail. Depth costs a byte a level, not stack.
pub fn json(text: &str) -> Result<(), Diagnostic> {
    let mut reader = Reader { text, at: 0 };
    reader.document().map_err(|fault| {
        let report = Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json");
        report.with_detail(reader.describe(fault))
    })
}

/// What is wrong where the reader stands.
enum Fault {
    Expected(&'static str),
    /// A word or a number that is none; how many bytes of it were read already.
    Token(usize),
    Escape(usize),
    HexDigits,
    Control(u8),
    End,
}

/// What may come next inside of an array or an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Array,
    Object,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        let mut open = Vec::new();
        self.value(&mut open, "JSON value")?;
        while let Some(&innermost) = open.last() {
            let (end, more) = match innermost {
                Open::Array => (b']', "\",\" or \"]\""),
                Open::Object => (b'}', "\",\" or \"}\""),
            };
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    if innermost == Open::Object {
                        self.key("string")?;
                    }
                    self.value(&mut open, "JSON value")?;
                }
                Some(byte) if byte == end => {
                    self.at += 1;
                    open.pop();
                }
                _ => return Err(self.expected(more)),
            }
        }
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(Fault::Expected("end of input")),
        }
    }

    /// One value, or the beginning of one: behind it, all of `open` is to be closed.
    fn value(&mut self, open: &mut Vec<Open>, what: &'static str) -> Result<(), Fault> {
        let mut what = what;
        loop {
            match self.peek() {
                Some(b'[') => {
                    self.at += 1;
                    if self.peek() == Some(b']') {
                        self.at += 1;
                        return Ok(());
                    }
                    open.push(Open::Array);
                    what = "array element or \"]\"";
                }
                Some(b'{') => {
                    self.at += 1;
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                        return Ok(());
                    }
                    open.push(Open::Object);
                    self.key("string or \"}\"")?;
                    what = "JSON value";
                }
                Some(b'"') => return self.string(),
                Some(b'-' | b'0'..=b'9') => return self.number(),
                Some(byte) if is_word(byte) => return self.word(),
                _ => return Err(self.expected(what)),
            }
        }
    }

    fn key(&mut self, what: &'static str) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string()?,
            _ => return Err(self.expected(what)),
        }
        match self.peek() {
            Some(b':') => {
                self.at += 1;
                Ok(())
            }
            _ => Err(self.expected("\":\"")),
        }
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.at += 1;
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                None => return Err(Fault::End),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => match bytes.get(self.at + 1) {
                    None => return Err(Fault::End),
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                    Some(b'u') => {
                        let digits = bytes.get(self.at + 2..self.at + 6).ok_or(Fault::HexDigits)?;
                        if !digits.iter().all(u8::is_ascii_hexdigit) {
                            return Err(Fault::HexDigits);
                        }
                        self.at += 6;
                    }
                    Some(_) => return Err(Fault::Escape(self.at + 1)),
                },
                Some(&byte) if byte < 0x20 => return Err(Fault::Control(byte)),
                Some(_) => self.at += 1,
            }
        }
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |at: usize| bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut at = start + usize::from(bytes[start] == b'-');
        let whole = digits(at);
        let mut good = whole == 1 || whole > 1 && bytes[at] != b'0';
        at += whole;
        if bytes.get(at) == Some(&b'.') {
            let fraction = digits(at + 1);
            good &= fraction > 0;
            at += 1 + fraction;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            let exponent = digits(at);
            good &= exponent > 0;
            at += exponent;
        }
        if !good || bytes.get(at).is_some_and(|byte| is_word(*byte)) {
            return Err(Fault::Token(at - start));
        }
        self.at = at;
        Ok(())
    }

    fn word(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
        if !matches!(&rest[..length], "true" | "false" | "null") {
            return Err(Fault::Token(length));
        }
        self.at += length;
        Ok(())
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        let blanks = self.text.as_bytes()[self.at..].iter();
        self.at += blanks.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, what: &'static str) -> Fault {
        if self.at == self.text.len() { Fault::End } else { Fault::Expected(what) }
    }

    fn describe(&self, fault: Fault) -> String {
        match fault {
            Fault::Expected(what) => format!("expected {what}, but found \"{}\"", self.token(0)),
            Fault::Token(read) => format!("token \"{}\" is invalid", self.token(read)),
            Fault::Escape(at) => {
                let letter = self.text[at..].chars().next().map(String::from).unwrap_or_default();
                format!("escape sequence \"\\{letter}\" is invalid")
            }
            Fault::HexDigits => "\"\\u\" must be followed by four hexadecimal digits".to_owned(),
            Fault::Control(byte) => format!("character with value 0x{byte:02x} must be escaped"),
            Fault::End => "the input string ended unexpectedly".to_owned(),
        }
    }

    /// The token at the reader's place, of whose bytes `read` belong to it whatever they are.
    fn token(&self, read: usize) -> &str {
        let rest = &self.text[self.at..];
        let more = rest.bytes().skip(read).take_while(|byte| is_word(*byte)).count();
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let shown = &rest[..(read + more).max(first)];
        shown.char_indices().nth(100).map_or(shown, |(end, _)| &shown[..end])
    }
}

/// What a token is made of: one goes to the next blank or sign.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_what_is_none() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let good = [
            "{}",
            "[]",
            " [ ] ",
            "7",
            "-0.5e+10",
            "1e999",
            "\"\"",
            "\"\\u0000 \\\" \\/ é\"",
            "null",
            "true",
            "false",
            "{\"a\": [1, null, {\"b\": {}}], \"a\": 2}",
            "[[], [[]], {}]",
            "\t[1 ,\n2]\r\n",
            &deep,
        ];
        for text in good {
            assert!(json(text).is_ok(), "{text}");
        }
        let bad = [
            ("", "the input string ended unexpectedly"),
            ("{\"a\": ", "the input string ended unexpectedly"),
            ("\"abc", "the input string ended unexpectedly"),
            ("[1, 2", "the input string ended unexpectedly"),
            ("{a: 1}", "expected string or \"}\", but found \"a\""),
            ("{\"a\" 1}", "expected \":\", but found \"1\""),
            ("{\"a\": 1, }", "expected string, but found \"}\""),
            ("{\"a\": }", "expected JSON value, but found \"}\""),
            ("[1 2]", "expected \",\" or \"]\", but found \"2\""),
            ("[,]", "expected array element or \"]\", but found \",\""),
            ("[1,]", "expected JSON value, but found \"]\""),
            ("{} x", "expected end of input, but found \"x\""),
            ("'a'", "expected JSON value, but found \"'\""),
            ("hello", "token \"hello\" is invalid"),
            ("01", "token \"01\" is invalid"),
            ("1.", "token \"1.\" is invalid"),
            ("-", "token \"-\" is invalid"),
            ("1x", "token \"1x\" is invalid"),
            ("\"\\x\"", "escape sequence \"\\x\" is invalid"),
            ("\"\\u12g4\"", "\"\\u\" must be followed by four hexadecimal digits"),
            ("\"\n\"", "character with value 0x0a must be escaped"),
        ];
        for (text, detail) in bad {
            let report = json(text).unwrap_err();
            assert_eq!(report.detail.as_deref(), Some(detail), "{text}");
            assert_eq!(report.sqlstate, sqlstate::INVALID_TEXT_REPRESENTATION);
        }
    }
}
