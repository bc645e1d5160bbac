//! What is said of a format beyond what reads and writes its rows: what would change the rows is refused, what would change
//! nothing but the files' size is told.

use mead_common::Diagnostic;

use super::format::{Serde, TableFormat};
use crate::Error;

impl TableFormat {
    /// 0A000 for a property that Hive's serde would give other rows for.
    pub(super) fn check_supported(&self) -> Result<(), Error> {
        for (name, value) in &self.properties {
            if self.is_refused(name, value) {
                let class = self.serde.class().rsplit('.').next().unwrap_or_default();
                let message = format!("serde property \"{name}\" = '{value}' is not supported for {class}");
                let report = Diagnostic::unsupported(message);
                return Err(match hint(name) {
                    Some(hint) => report.with_hint(hint).into(),
                    None => report.into(),
                });
            }
        }
        Ok(())
    }

    fn is_refused(&self, name: &str, value: &str) -> bool {
        let is = |word: &str| value.trim().eq_ignore_ascii_case(word);
        match (self.serde, name) {
            (serde, "serialization.encoding") => {
                serde.is_text() && !["utf-8", "utf8", "us-ascii", ""].iter().any(|n| is(n))
            }
            (Serde::LazySimple | Serde::Json, "timestamp.formats") => !is(""),
            (Serde::LazySimple, "hive.serialization.decode.binary.as.base64") => is("false"),
            (Serde::Json, "json.binary.format") => !is("base64"),
            (Serde::Json, "dots.in.keys") => is("true"),
            (Serde::Json, "case.insensitive") => is("false"),
            (Serde::Json, name) => name.starts_with("mapping."),
            (Serde::Avro, "avro.schema.url") => !is("none"),
            _ => false,
        }
    }

    /// The properties that have no effect: files are compressed as this engine does.
    pub fn without_effect(&self) -> Vec<String> {
        let names: &[&str] = match self.serde {
            Serde::Parquet => &["parquet.compression", "compression"],
            Serde::Orc => &["orc.compress", "compression"],
            Serde::Avro => &["avro.output.codec", "compression"],
            Serde::Json | Serde::LazySimple | Serde::OpenCsv | Serde::Regex => &["compression"],
        };
        let has = |name: &&&str| self.properties.keys().any(|key| key.eq_ignore_ascii_case(name));
        names.iter().filter(has).map(|name| (*name).to_owned()).collect()
    }
}

fn hint(name: &str) -> Option<&'static str> {
    match name {
        "serialization.encoding" => Some("text is read and written as UTF-8"),
        "timestamp.formats" => Some("a column of strings can be read and cast"),
        "avro.schema.url" => Some("\"avro.schema.literal\" takes the schema itself"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_would_change_rows_is_refused() {
        let format = |serde, name: &str, value: &str| TableFormat {
            serde,
            properties: BTreeMap::from([(name.to_owned(), value.to_owned())]),
        };
        for (serde, name, value) in [
            (Serde::LazySimple, "serialization.encoding", "ISO-8859-1"),
            (Serde::LazySimple, "timestamp.formats", "dd/MM/yyyy"),
            (Serde::Json, "mapping.a", "b"),
            (Serde::Avro, "avro.schema.url", "file:///a.avsc"),
        ] {
            assert!(format(serde, name, value).check_supported().is_err(), "{name}");
        }
        for (serde, name, value) in [
            (Serde::LazySimple, "serialization.encoding", "utf-8"),
            (Serde::Orc, "serialization.encoding", "GBK"),
            (Serde::Avro, "avro.schema.url", "none"),
            (Serde::Orc, "orc.compress", "ZLIB"),
        ] {
            assert!(format(serde, name, value).check_supported().is_ok(), "{name}");
        }
        assert_eq!(format(Serde::Orc, "orc.compress", "ZLIB").without_effect(), ["orc.compress"]);
    }
}
