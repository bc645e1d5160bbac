//! Which of Hive's formats a table's files have, and the classes that Hive knows it by.

use std::collections::BTreeMap;

use mead_common::{Diagnostic, sqlstate};

use crate::Error;

/// As Hive's `hive.file.max.footer` is by default.
const FOOTER_LINES_MAX: usize = 100;

/// How rows are read from and written to files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Serde {
    Avro,
    Json,
    /// LazySimpleSerDe: fields between delimiters.
    LazySimple,
    OpenCsv,
    Orc,
    Parquet,
    Regex,
}

const TEXT_INPUT: &str = "org.apache.hadoop.mapred.TextInputFormat";
const TEXT_OUTPUT: &str = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat";

impl Serde {
    pub const ALL: [Serde; 7] =
        [Self::Avro, Self::Json, Self::LazySimple, Self::OpenCsv, Self::Orc, Self::Parquet, Self::Regex];

    /// Hive's name of the class.
    pub fn class(self) -> &'static str {
        match self {
            Self::Avro => "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
            Self::Json => "org.apache.hadoop.hive.serde2.JsonSerDe",
            Self::LazySimple => "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
            Self::OpenCsv => "org.apache.hadoop.hive.serde2.OpenCSVSerde",
            Self::Orc => "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
            Self::Parquet => "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            Self::Regex => "org.apache.hadoop.hive.serde2.RegexSerDe",
        }
    }

    pub fn input_format(self) -> &'static str {
        match self {
            Self::Avro => "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
            Self::Orc => "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
            Self::Parquet => "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            _ => TEXT_INPUT,
        }
    }

    pub fn output_format(self) -> &'static str {
        match self {
            Self::Avro => "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
            Self::Orc => "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
            Self::Parquet => "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            _ => TEXT_OUTPUT,
        }
    }

    /// The word behind STORED AS.
    pub fn format_name(self) -> &'static str {
        match self {
            Self::Avro => "AVRO",
            Self::Json => "JSONFILE",
            Self::Orc => "ORC",
            Self::Parquet => "PARQUET",
            Self::LazySimple | Self::OpenCsv | Self::Regex => "TEXTFILE",
        }
    }

    /// What the names of its files end in; the text formats' have none, since one would tell how they are compressed.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Avro => Some("avro"),
            Self::Orc => Some("orc"),
            Self::Parquet => Some("parquet"),
            Self::Json | Self::LazySimple | Self::OpenCsv | Self::Regex => None,
        }
    }

    /// By the name of a class, of which Hive has had several for the same.
    pub fn of_class(class: &str) -> Result<Self, Error> {
        Ok(match class.rsplit('.').next().unwrap_or(class) {
            "AvroSerDe" => Self::Avro,
            "JsonSerDe" => Self::Json,
            "LazySimpleSerDe" | "MetadataTypedColumnsetSerDe" => Self::LazySimple,
            "OpenCSVSerde" => Self::OpenCsv,
            "OrcSerde" => Self::Orc,
            "ParquetHiveSerDe" => Self::Parquet,
            "RegexSerDe" => Self::Regex,
            _ => {
                let report = Diagnostic::unsupported(format!("serde \"{class}\" is not supported"));
                return Err(report.with_hint(format!("supported: {}", Self::classes())).into());
            }
        })
    }

    /// By the name behind STORED AS or USING; `None` for the text formats, which leave the serde to ROW FORMAT.
    pub fn of_format(name: &str) -> Result<Option<Self>, Error> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "textfile" | "text" => None,
            "parquet" | "parquetfile" => Some(Self::Parquet),
            "orc" | "orcfile" => Some(Self::Orc),
            "avro" => Some(Self::Avro),
            "jsonfile" | "json" => Some(Self::Json),
            _ => {
                let report = Diagnostic::unsupported(format!("file format \"{name}\" is not supported"));
                return Err(report.with_hint("available formats: TEXTFILE, PARQUET, ORC, AVRO, JSONFILE").into());
            }
        })
    }

    /// By the class of an input format; `None` for text.
    pub fn of_input_format(class: &str) -> Result<Option<Self>, Error> {
        Ok(match class.rsplit('.').next().unwrap_or(class) {
            "TextInputFormat" | "CombineTextInputFormat" => None,
            "OrcInputFormat" => Some(Self::Orc),
            "MapredParquetInputFormat" | "DeprecatedParquetInputFormat" => Some(Self::Parquet),
            "AvroContainerInputFormat" => Some(Self::Avro),
            _ => {
                let report = Diagnostic::unsupported(format!("input format \"{class}\" is not supported"));
                return Err(report.with_hint("those of TEXTFILE, PARQUET, ORC and AVRO are").into());
            }
        })
    }

    fn classes() -> String {
        Self::ALL.map(|serde| serde.class().rsplit('.').next().unwrap_or_default()).join(", ")
    }

    /// True where a row is a line.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Json | Self::LazySimple | Self::OpenCsv | Self::Regex)
    }
}

/// A format with what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFormat {
    pub serde: Serde,
    /// Serde properties, over the table's own.
    pub properties: BTreeMap<String, String>,
}

impl TableFormat {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(super) fn count(&self, name: &str) -> Result<usize, Error> {
        match self.get(name) {
            None => Ok(0),
            Some(text) => text.trim().parse().map_err(|_| self.invalid(name, "a number of lines")),
        }
    }

    /// The lines at a file's end that are no rows, which must be held until it is known that they are the last.
    pub(super) fn footer(&self) -> Result<usize, Error> {
        let name = "skip.footer.line.count";
        match self.count(name)? {
            count if count > FOOTER_LINES_MAX => {
                Err(self.invalid(name, &format!("at most {FOOTER_LINES_MAX}, as in Hive")))
            }
            count => Ok(count),
        }
    }

    pub(super) fn invalid(&self, name: &str, expected: &str) -> Error {
        let value = self.get(name).unwrap_or_default();
        let report = Diagnostic::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("invalid value for serde property \"{name}\": \"{value}\""),
        );
        report.with_hint(format!("it is {expected}")).into()
    }

    /// Checks the properties, as CREATE TABLE does before anything is stored.
    pub fn validate(&self, columns: &datafusion::arrow::datatypes::Schema) -> Result<(), Error> {
        self.count("skip.header.line.count")?;
        self.footer()?;
        self.check_supported()?;
        match self.serde {
            Serde::LazySimple => super::lazy_simple::Delimiters::new(self).map(|_| ()),
            Serde::OpenCsv => super::open_csv::OpenCsv::new(self).map(|_| ()),
            Serde::Regex => super::regex_serde::RegexSerde::new(self, columns).map(|_| ()),
            Serde::Json | Serde::Avro | Serde::Orc | Serde::Parquet => Ok(()),
        }
    }
}
