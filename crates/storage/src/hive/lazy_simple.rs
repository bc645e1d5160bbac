//! LazySimpleSerDe: fields between delimiters, nested values between further ones.
//!
//! <https://cwiki.apache.org/confluence/display/Hive/LanguageManual+DDL#LanguageManualDDL-RowFormats&SerDe>

use super::builder::{Builder, Reading};
use super::format::TableFormat;
use crate::Error;

/// What stands between values, and for what is none.
#[derive(Debug, Clone)]
pub(super) struct Delimiters {
    /// For each depth of nesting, fields first.
    pub separators: Vec<u8>,
    pub escape: Option<u8>,
    pub null: Vec<u8>,
    /// The last column has the rest of the line.
    pub last_takes_rest: bool,
    pub reading: Reading,
}

impl Delimiters {
    pub fn new(format: &TableFormat) -> Result<Self, Error> {
        let byte = |names: &[&str], default: u8| {
            let named = names.iter().find_map(|name| format.get(name).map(|value| (*name, value)));
            match named {
                Some((_, "")) | None => Ok(default),
                Some((name, value)) => {
                    delimiter(value).ok_or_else(|| format.invalid(name, "one character of one byte"))
                }
            }
        };
        let mut separators = vec![
            byte(&["field.delim", "serialization.format"], 1)?,
            byte(&["collection.delim", "colelction.delim"], 2)?,
            byte(&["mapkey.delim"], 3)?,
        ];
        // As Hive numbers the rest: control characters that are no white space.
        separators.extend((4..=8).chain([11]).chain(14..=26).chain(28..=31).chain([127]));
        let escape = match format.get("escape.delim") {
            None | Some("") => None,
            Some(value) => Some(delimiter(value).ok_or_else(|| format.invalid("escape.delim", "one character"))?),
        };
        if format.get("line.delim").is_some_and(|value| !matches!(value, "\n" | "\\n" | "\r\n" | "10")) {
            return Err(format.invalid("line.delim", "a newline, as in Hive"));
        }
        let truth = |name: &str| format.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Ok(Self {
            separators,
            escape,
            null: format.get("serialization.null.format").unwrap_or("\\N").as_bytes().to_vec(),
            last_takes_rest: truth("serialization.last.column.takes.rest"),
            reading: Reading { extended_boolean: truth("hive.lazysimple.extended_boolean_literal"), base64: true },
        })
    }

    fn separator(&self, level: usize) -> u8 {
        self.separators.get(level).copied().unwrap_or(127)
    }

    /// The parts of a text between a separator that no escape precedes.
    fn split<'a>(&self, text: &'a [u8], separator: u8, most: usize, mut each: impl FnMut(usize, &'a [u8])) -> usize {
        let (mut begin, mut at, mut count) = (0, 0, 0);
        while at < text.len() {
            if Some(text[at]) == self.escape && at + 1 < text.len() {
                at += 2;
                continue;
            }
            if text[at] == separator && count + 1 < most {
                each(count, &text[begin..at]);
                count += 1;
                begin = at + 1;
            }
            at += 1;
        }
        each(count, &text[begin..]);
        count + 1
    }
}

/// A delimiter: a number, an escape such as `\t` or `\001`, or its first character.
fn delimiter(value: &str) -> Option<u8> {
    if let Ok(number) = value.parse::<i8>() {
        return Some(number as u8);
    }
    let octal = value.strip_prefix('\\').filter(|digits| digits.len() == 3);
    let unicode = value.strip_prefix("\\u").filter(|digits| digits.len() == 4);
    match value {
        "\\t" => Some(b'\t'),
        "\\n" => Some(b'\n'),
        "\\r" => Some(b'\r'),
        "\\b" => Some(8),
        "\\\\" => Some(b'\\'),
        "\\0" => Some(0),
        _ => octal
            .and_then(|digits| u8::from_str_radix(digits, 8).ok())
            .or_else(|| unicode.and_then(|digits| u8::from_str_radix(digits, 16).ok()))
            .or_else(|| {
                let first = value.chars().next()?;
                u8::try_from(u32::from(first)).ok()
            }),
    }
}

/// Puts the fields of a line into the columns' builders; `places` tells for each builder which field it takes.
pub(super) fn read_line(
    line: &[u8],
    delimiters: &Delimiters,
    places: &[usize],
    columns: usize,
    builders: &mut [Builder],
) {
    let mut next = 0;
    let most = if delimiters.last_takes_rest { columns } else { usize::MAX };
    delimiters.split(line, delimiters.separator(0), most, |field, text| {
        if places.get(next) == Some(&field) {
            read(text, delimiters, 1, &mut builders[next]);
            next += 1;
        }
    });
    builders[next..].iter_mut().for_each(Builder::null);
}

/// One value. `level`: the separator that cuts it, if it is nested.
fn read(text: &[u8], delimiters: &Delimiters, level: usize, builder: &mut Builder) {
    if text == delimiters.null {
        return builder.null();
    }
    match builder {
        Builder::List(nested) => {
            let mut count = 0;
            if !text.is_empty() {
                let items = &mut nested.children[0];
                count = delimiters.split(text, delimiters.separator(level), usize::MAX, |_, item| {
                    read(item, delimiters, level + 1, items);
                });
            }
            nested.end(count);
        }
        Builder::Map(nested) => {
            let mut count = 0;
            if !text.is_empty() {
                let [keys, values] = &mut nested.children[..] else { return };
                let mut seen: Vec<&[u8]> = Vec::new();
                delimiters.split(text, delimiters.separator(level), usize::MAX, |_, entry| {
                    let mut parts = [None, None];
                    delimiters
                        .split(entry, delimiters.separator(level + 1), 2, |place, part| parts[place] = Some(part));
                    let Some(key) = parts[0] else { return };
                    // The first of two equal keys counts, and one that is NULL is no key.
                    if key == delimiters.null || seen.contains(&key) || !keys.accepts(&String::from_utf8_lossy(key)) {
                        return;
                    }
                    seen.push(key);
                    read(key, delimiters, level + 2, keys);
                    match parts[1] {
                        Some(value) => read(value, delimiters, level + 2, values),
                        None => values.null(),
                    }
                    count += 1;
                });
            }
            nested.end(count);
        }
        Builder::Struct { children, nulls, .. } => {
            let mut filled = 0;
            delimiters.split(text, delimiters.separator(level), usize::MAX, |place, field| {
                if let Some(child) = children.get_mut(place) {
                    read(field, delimiters, level + 1, child);
                    filled = place + 1;
                }
            });
            children[filled..].iter_mut().for_each(Builder::null);
            nulls.append_non_null();
        }
        _ => simple(text, delimiters, builder),
    }
}

fn simple(text: &[u8], delimiters: &Delimiters, builder: &mut Builder) {
    let unescaped;
    let text = match delimiters.escape {
        Some(escape) if text.contains(&escape) => {
            unescaped = unescape(text, escape);
            &unescaped
        }
        _ => text,
    };
    if let Builder::Binary(values) = builder {
        match std::str::from_utf8(text) {
            Ok(_) => {}
            Err(_) => return values.append_value(text),
        }
    }
    match std::str::from_utf8(text) {
        Ok(text) => builder.text(text, delimiters.reading),
        Err(_) => builder.text(&String::from_utf8_lossy(text), delimiters.reading),
    }
}

fn unescape(text: &[u8], escape: u8) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match (*byte == escape).then(|| bytes.next()).flatten() {
            Some(b'r') => plain.push(b'\r'),
            Some(b'n') => plain.push(b'\n'),
            Some(letter) => plain.push(*letter),
            None => plain.push(*byte),
        }
    }
    plain
}
