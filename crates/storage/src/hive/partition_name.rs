//! The folders' names of partitions: `dt=2026-01-01/hour=7`, with Hive's escapes.

use std::fmt::Write;

/// What stands for NULL in a folder's name.
pub const DEFAULT_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// The folder of a partition with these columns and values.
pub fn partition_name<'a>(columns: impl IntoIterator<Item = &'a str>, values: &[Option<String>]) -> String {
    let parts = columns.into_iter().zip(values).map(|(column, value)| {
        let value = value.as_deref().map_or_else(|| DEFAULT_PARTITION.to_owned(), escape);
        format!("{}={value}", escape(column))
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The columns and values that a folder's name tells; `None` if it is not of that form.
pub fn partition_values(name: &str) -> Option<Vec<(String, Option<String>)>> {
    let part = |part: &str| {
        let (column, value) = part.split_once('=')?;
        let value = (value != DEFAULT_PARTITION).then(|| unescape(value));
        Some((unescape(column).to_lowercase(), value))
    };
    name.split('/').map(part).collect()
}

/// As `FileUtils.escapePathName`: control characters and those that mean something in a path.
fn escape(text: &str) -> String {
    if text.is_empty() {
        return DEFAULT_PARTITION.to_owned();
    }
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        let special = letter.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(letter);
        if special {
            let _ = write!(escaped, "%{:02X}", u32::from(letter));
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = (*first == b'%').then(|| behind.get(..2)).flatten();
        let code =
            code.and_then(|code| std::str::from_utf8(code).ok()).and_then(|code| u8::from_str_radix(code, 16).ok());
        match code {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        let values = vec![Some("2012-01-03+14:46:31".to_owned()), None, Some("a/b=ü%".to_owned())];
        let name = partition_name(["ds", "hr", "x"], &values);
        assert_eq!(name, "ds=2012-01-03+14%3A46%3A31/hr=__HIVE_DEFAULT_PARTITION__/x=a%2Fb%3Dü%25");
        let read: Vec<_> = partition_values(&name).unwrap().into_iter().map(|(_, value)| value).collect();
        assert_eq!(read, values);
        assert!(partition_values("ds=1/plain").is_none());
    }
}
