//! JsonSerDe: an object in each line, whose members are the columns, by name in any case.

use datafusion::arrow::datatypes::Fields;
use mead_common::{Diagnostic, sqlstate};
use serde_json::{Map, Value};

use super::builder::{Builder, Reading};
use crate::Error;

/// Puts the members of a line's object into the columns' builders.
/// `ignores`: a line that is no object is a row of NULLs.
pub(super) fn read_line(line: &[u8], names: &[String], ignores: bool, builders: &mut [Builder]) -> Result<(), Error> {
    if line.iter().all(u8::is_ascii_whitespace) {
        builders.iter_mut().for_each(Builder::null);
        return Ok(());
    }
    let members = match object_of(line) {
        Err(_) if ignores => {
            builders.iter_mut().for_each(Builder::null);
            return Ok(());
        }
        members => members?,
    };
    for (name, builder) in names.iter().zip(builders) {
        match member(&members, name) {
            Some(value) => append(value, builder),
            None => builder.null(),
        }
    }
    Ok(())
}

fn object_of(line: &[u8]) -> Result<Map<String, Value>, Error> {
    let value: Value = serde_json::from_slice(line).map_err(|error| {
        Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, "a line is not a JSON object")
            .with_detail(format!("{error}: {}", String::from_utf8_lossy(&line[..line.len().min(200)])))
    })?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, "a line is not a JSON object").into()),
    }
}

fn member<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).or_else(|| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn append(value: &Value, builder: &mut Builder) {
    match (value, &mut *builder) {
        (Value::Null, _) => builder.null(),
        (Value::Array(items), Builder::List(nested)) => {
            items.iter().for_each(|item| append(item, &mut nested.children[0]));
            nested.end(items.len());
        }
        (Value::Object(members), Builder::Map(nested)) => {
            let mut count = 0;
            for (key, value) in members {
                if nested.children[0].accepts(key) {
                    nested.children[0].text(key, Reading::default());
                    append(value, &mut nested.children[1]);
                    count += 1;
                }
            }
            nested.end(count);
        }
        (Value::Object(members), Builder::Struct { fields, children, nulls }) => {
            struct_of(members, fields, children);
            nulls.append_non_null();
        }
        (Value::String(text), _) => builder.text(text, Reading { extended_boolean: false, base64: true }),
        (other, _) => builder.text(&other.to_string(), Reading::default()),
    }
}

fn struct_of(members: &Map<String, Value>, fields: &Fields, children: &mut [Builder]) {
    for (field, child) in fields.iter().zip(children) {
        match member(members, field.name()) {
            Some(value) => append(value, child),
            None => child.null(),
        }
    }
}
