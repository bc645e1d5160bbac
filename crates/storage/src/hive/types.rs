//! Hive's types, as text and as Arrow's.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, TimeUnit};
use mead_common::{Diagnostic, sqlstate};

use crate::Error;

/// On a field: its type as it was declared, which Arrow's does not tell (`varchar(10)`).
pub const HIVE_TYPE: &str = "mead.hive_type";
/// On a field: its comment.
pub const COMMENT: &str = "comment";
/// On a field: the text of its default.
pub const DEFAULT: &str = "mead.default";

/// The field of a column of this type, in Hive's words and lower case.
pub fn hive_field(name: &str, hive_type: &str) -> Result<Field, Error> {
    let mut reader = Reader { text: hive_type, name };
    let (data_type, canonical) = reader.data_type()?;
    if !reader.text.trim().is_empty() {
        return Err(reader.undefined(hive_type));
    }
    let metadata = HashMap::from([(HIVE_TYPE.to_owned(), canonical)]);
    Ok(Field::new(name, data_type, true).with_metadata(metadata))
}

/// The type of a column in Hive's words.
pub fn hive_type_name(field: &Field) -> String {
    match field.metadata().get(HIVE_TYPE) {
        Some(declared) => declared.clone(),
        None => name_of(field.data_type()),
    }
}

fn name_of(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 => "tinyint".to_owned(),
        DataType::Int16 | DataType::UInt8 => "smallint".to_owned(),
        DataType::Int32 | DataType::UInt16 => "int".to_owned(),
        DataType::Int64 | DataType::UInt32 => "bigint".to_owned(),
        DataType::UInt64 => "decimal(20,0)".to_owned(),
        DataType::Float16 | DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp with local time zone".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "binary".to_owned()
        }
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => format!("array<{}>", name_of(item.data_type())),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                format!("map<{},{}>", name_of(fields[0].data_type()), name_of(fields[1].data_type()))
            }
            _ => "map<string,string>".to_owned(),
        },
        DataType::Struct(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|field| format!("{}:{}", field.name(), name_of(field.data_type()))).collect();
            format!("struct<{}>", fields.join(","))
        }
        DataType::Dictionary(_, values) => name_of(values),
        DataType::Interval(_) | DataType::Duration(_) => "interval_day_time".to_owned(),
        _ => "string".to_owned(),
    }
}

/// Reads a type's text from its beginning.
struct Reader<'a> {
    text: &'a str,
    /// The column, for errors.
    name: &'a str,
}

impl Reader<'_> {
    /// The type, and its text as Hive prints it.
    fn data_type(&mut self) -> Result<(DataType, String), Error> {
        let word = self.word();
        Ok(match word.as_str() {
            "tinyint" | "byte" => (DataType::Int8, "tinyint".to_owned()),
            "smallint" | "short" | "int2" => (DataType::Int16, "smallint".to_owned()),
            "int" | "integer" | "int4" => (DataType::Int32, "int".to_owned()),
            "bigint" | "long" | "int8" => (DataType::Int64, "bigint".to_owned()),
            "float" | "real" | "float4" => (DataType::Float32, "float".to_owned()),
            "double" | "float8" => (DataType::Float64, "double".to_owned()),
            "boolean" | "bool" => (DataType::Boolean, "boolean".to_owned()),
            "string" | "text" => (DataType::Utf8, "string".to_owned()),
            "varchar" | "char" | "character" => {
                let most = if word == "varchar" { 65_535 } else { 255 };
                let kept = if word == "varchar" { "varchar" } else { "char" };
                match self.numbers()?[..] {
                    [length] if (1..=most).contains(&length) => (DataType::Utf8, format!("{kept}({length})")),
                    [] if word == "varchar" => (DataType::Utf8, "string".to_owned()),
                    [] => (DataType::Utf8, "char(1)".to_owned()),
                    _ => return Err(self.invalid(format!("the length of {kept} is between 1 and {most}"))),
                }
            }
            "binary" | "bytea" => (DataType::Binary, "binary".to_owned()),
            "date" => (DataType::Date32, "date".to_owned()),
            "timestamp" if self.take(" with local time zone") => (
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                "timestamp with local time zone".to_owned(),
            ),
            "timestamp" | "timestamp_ntz" => (DataType::Timestamp(TimeUnit::Microsecond, None), "timestamp".to_owned()),
            "timestamp_ltz" | "timestamptz" => (
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                "timestamp with local time zone".to_owned(),
            ),
            "decimal" | "numeric" | "dec" => {
                let (precision, scale) = match self.numbers()?[..] {
                    [] => (10, 0),
                    [precision] => (precision, 0),
                    [precision, scale] => (precision, scale),
                    _ => return Err(self.invalid("decimal has a precision and a scale".to_owned())),
                };
                if !(1..=38).contains(&precision) || scale > precision {
                    return Err(self.invalid(format!("decimal({precision},{scale}) is out of range")));
                }
                let data_type = DataType::Decimal128(
                    u8::try_from(precision).unwrap_or(u8::MAX),
                    i8::try_from(scale).unwrap_or(i8::MAX),
                );
                (data_type, format!("decimal({precision},{scale})"))
            }
            "void" | "null" => (DataType::Utf8, "string".to_owned()),
            "array" => {
                self.expect('<')?;
                let (item, text) = self.data_type()?;
                self.expect('>')?;
                (DataType::List(Arc::new(Field::new_list_field(item, true))), format!("array<{text}>"))
            }
            "map" => {
                self.expect('<')?;
                let (key, key_text) = self.data_type()?;
                self.expect(',')?;
                let (value, value_text) = self.data_type()?;
                self.expect('>')?;
                if key.is_nested() {
                    return Err(self.invalid("the keys of a map are of a simple type".to_owned()));
                }
                (map_type(key, value), format!("map<{key_text},{value_text}>"))
            }
            "struct" => {
                self.expect('<')?;
                let (mut fields, mut texts): (Vec<FieldRef>, Vec<String>) = (Vec::new(), Vec::new());
                loop {
                    let name = self.word();
                    if name.is_empty() {
                        return Err(self.undefined(self.text));
                    }
                    self.expect(':')?;
                    let (data_type, text) = self.data_type()?;
                    texts.push(format!("{name}:{text}"));
                    fields.push(Arc::new(Field::new(name, data_type, true)));
                    if !self.take(",") {
                        break;
                    }
                }
                self.expect('>')?;
                (DataType::Struct(Fields::from(fields)), format!("struct<{}>", texts.join(",")))
            }
            "uniontype" => {
                return Err(Error::Report(Diagnostic::unsupported(format!(
                    "type uniontype of column \"{}\" is not supported",
                    self.name
                ))));
            }
            other => return Err(self.undefined(other)),
        })
    }

    fn word(&mut self) -> String {
        self.text = self.text.trim_start();
        let end = self.text.find(['<', '>', ',', ':', '(', ')', ' ']).unwrap_or(self.text.len());
        let (word, rest) = self.text.split_at(end);
        self.text = rest;
        word.to_owned()
    }

    /// `(a, b)`, if it stands here.
    fn numbers(&mut self) -> Result<Vec<u32>, Error> {
        let Some(rest) = self.text.strip_prefix('(') else { return Ok(Vec::new()) };
        let Some((inside, rest)) = rest.split_once(')') else { return Err(self.undefined(self.text)) };
        let numbers = inside.split(',').map(|number| number.trim().parse::<u32>());
        let numbers = numbers.collect::<Result<Vec<_>, _>>().map_err(|_| self.undefined(inside))?;
        self.text = rest;
        Ok(numbers)
    }

    fn take(&mut self, what: &str) -> bool {
        match self.text.strip_prefix(what) {
            Some(rest) => {
                self.text = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, letter: char) -> Result<(), Error> {
        self.text = self.text.trim_start();
        let mut letters = self.text.chars();
        if letters.next() == Some(letter) {
            self.text = letters.as_str();
            return Ok(());
        }
        Err(self.undefined(self.text))
    }

    fn undefined(&self, word: &str) -> Error {
        let message = format!("type \"{word}\" of column \"{}\" does not exist", self.name);
        Error::Report(Diagnostic::new(sqlstate::UNDEFINED_OBJECT, message))
    }

    fn invalid(&self, what: String) -> Error {
        let message = format!("column \"{}\": {what}", self.name);
        Error::Report(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, message))
    }
}

/// A map as DataFusion's functions make it.
pub(crate) fn map_type(key: DataType, value: DataType) -> DataType {
    let entries = Fields::from(vec![Field::new("key", key, false), Field::new("value", value, true)]);
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
}

/// What a declared type does to a text: `varchar(n)` cuts it, `char(n)` cuts it and drops the spaces at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextLimit {
    None,
    Varchar(usize),
    Char(usize),
}

impl TextLimit {
    pub(crate) fn of(field: &Field) -> Self {
        let Some(declared) = field.metadata().get(HIVE_TYPE) else { return Self::None };
        let length = |prefix: &str| declared.strip_prefix(prefix)?.strip_suffix(')')?.parse().ok();
        match (length("varchar("), length("char(")) {
            (Some(length), _) => Self::Varchar(length),
            (_, Some(length)) => Self::Char(length),
            _ => Self::None,
        }
    }

    pub(crate) fn cut(self, text: &str) -> &str {
        let first = |length: usize| match text.char_indices().nth(length) {
            Some((end, _)) => &text[..end],
            None => text,
        };
        match self {
            Self::None => text,
            Self::Varchar(length) => first(length),
            Self::Char(length) => first(length).trim_end_matches(' '),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_printed() {
        for (text, canonical) in [
            ("integer", "int"),
            ("decimal", "decimal(10,0)"),
            ("array<map<string,struct<a:int,b:decimal(5,2)>>>", "array<map<string,struct<a:int,b:decimal(5,2)>>>"),
            ("timestamp with local time zone", "timestamp with local time zone"),
        ] {
            assert_eq!(hive_type_name(&hive_field("x", text).unwrap()), canonical);
        }
        for text in ["uniontype<int,string>", "array<int", "decimal(39,2)", "varchar(0)", "map<array<int>,int>", "nope"]
        {
            assert!(hive_field("x", text).is_err(), "{text}");
        }
    }

    #[test]
    fn texts_are_cut() {
        assert_eq!(TextLimit::Varchar(2).cut("über"), "üb");
        assert_eq!(TextLimit::Char(3).cut("a  b"), "a");
        assert_eq!(TextLimit::None.cut("a "), "a ");
    }
}
