//! External tables: files that belong to somebody else, read where they lie.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::config::CsvOptions;
use datafusion::common::parsers::CompressionTypeVariant;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use mead_common::{Diagnostic, sqlstate};

use crate::csv_lines::{CsvFiles, CsvLines};
use crate::{Error, PassThroughExec, durable};

/// How an external table's files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExternalFormat {
    Csv,
    Json,
    Parquet,
}

impl ExternalFormat {
    /// `STORED AS name`; Hive's TEXTFILE is CSV with its own delimiter.
    pub fn parse(name: &str) -> Result<Self, Error> {
        match name.to_ascii_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "json" | "jsonfile" | "ndjson" => Ok(Self::Json),
            "parquet" => Ok(Self::Parquet),
            _ => Err(Error::Format(name.to_owned())),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::Parquet => "PARQUET",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::Json => ".json",
            Self::Parquet => ".parquet",
        }
    }
}

/// What is said of an external table when it is created, and kept in the metastore.
#[derive(Debug, Clone)]
pub struct ExternalTable {
    pub format: ExternalFormat,
    /// A file, or a folder of files.
    pub path: PathBuf,
    /// Hive's partition columns, which stand in the folders' names (`dt=2026-01-01`).
    pub partition_columns: Vec<(String, DataType)>,
    /// TBLPROPERTIES and OPTIONS together, by lower-case name.
    pub options: BTreeMap<String, String>,
    /// True if the user gave the columns: then a CSV file has a header only if that is said too, as in Hive.
    pub columns_declared: bool,
}

impl ExternalTable {
    /// Columns from the files themselves, partition columns last. A path without files is an error.
    pub async fn infer_schema(&self, session: &dyn Session) -> Result<SchemaRef, Error> {
        let (url, options) = self.listing()?;
        let schema = options.infer_schema(session, &url).await.map_err(|error| self.explain(error))?;
        if schema.fields().is_empty() {
            let report = Diagnostic::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!("no columns could be inferred from \"{}\"", self.path.display()),
            );
            return Err(report.with_hint("there are no files in it yet: give the table's columns").into());
        }
        Ok(schema)
    }

    /// The schema of the whole table: the files' columns, then the partitions'.
    pub fn full_schema(&self, file_schema: &Schema) -> SchemaRef {
        let mut fields: Vec<_> = file_schema.fields().iter().cloned().collect();
        for (name, data_type) in &self.partition_columns {
            fields.push(Arc::new(datafusion::arrow::datatypes::Field::new(name, data_type.clone(), true)));
        }
        Arc::new(Schema::new(fields))
    }

    /// Checks path and options without reading; what CREATE does before it stores anything.
    pub fn validate(&self) -> Result<(), Error> {
        self.listing().map(|_| ())
    }

    /// Makes the folder of a table that is to be filled later, as Hive does. One that vanishes afterwards is missed.
    pub fn make_folder(&self) -> Result<(), Error> {
        if self.may_be_created() && !self.path.exists() {
            std::fs::create_dir_all(&self.path).map_err(|source| Error::io(&self.path, source))?;
        }
        Ok(())
    }

    /// A provider of rows. `schema`: the table's columns without the partitions'.
    pub fn provider(&self, file_schema: SchemaRef) -> Result<Arc<dyn TableProvider>, Error> {
        let (url, options) = self.listing()?;
        let config = ListingTableConfig::new(url).with_listing_options(options).with_schema(Arc::clone(&file_schema));
        let listing = ListingTable::try_new(config)?;
        let csv = match self.format {
            ExternalFormat::Csv => Some(self.csv_options()?),
            _ => None,
        };
        Ok(Arc::new(ExternalProvider { listing, csv, path: self.path.clone(), file_schema }))
    }

    fn listing(&self) -> Result<(ListingTableUrl, ListingOptions), Error> {
        let folder = match std::fs::metadata(&self.path) {
            Ok(metadata) => metadata.is_dir(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.may_be_created() => true,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::Missing(self.path.display().to_string()));
            }
            Err(error) => return Err(Error::io(&self.path, error)),
        };
        let url = ListingTableUrl::parse(durable::file_url(&self.path, folder)?)?;
        let format: Arc<dyn FileFormat> = match self.format {
            ExternalFormat::Csv => Arc::new(CsvFormat::default().with_options(self.csv_options()?)),
            ExternalFormat::Json => {
                self.refuse_options(&["compression", "format.compression"])?;
                Arc::new(JsonFormat::default().with_file_compression_type(self.compression()?.into()))
            }
            ExternalFormat::Parquet => {
                self.refuse_options(&[])?;
                Arc::new(ParquetFormat::default().with_enable_pruning(true))
            }
        };
        // A file is taken whatever its name; of a folder's, those of the format, unless it says otherwise.
        let extension = if folder { self.extension()? } else { String::new() };
        let options = ListingOptions::new(format)
            .with_file_extension(extension)
            .with_table_partition_cols(self.partition_columns.clone());
        Ok((url, options))
    }

    /// A table with declared columns may be given a folder that is to be filled later.
    fn may_be_created(&self) -> bool {
        self.columns_declared && self.path.extension().is_none()
    }

    fn extension(&self) -> Result<String, Error> {
        let compressed = match self.compression()? {
            CompressionTypeVariant::GZIP => ".gz",
            CompressionTypeVariant::BZIP2 => ".bz2",
            CompressionTypeVariant::XZ => ".xz",
            CompressionTypeVariant::ZSTD => ".zst",
            CompressionTypeVariant::UNCOMPRESSED => "",
        };
        let plain = self.format.extension();
        let has_plain = folder_has(&self.path, &format!("{plain}{compressed}"));
        // Hive and Spark write text files without an extension.
        Ok(if has_plain || self.format == ExternalFormat::Parquet {
            format!("{plain}{compressed}")
        } else {
            String::new()
        })
    }

    fn compression(&self) -> Result<CompressionTypeVariant, Error> {
        let named = self.options.get("compression").or_else(|| self.options.get("format.compression"));
        if let Some(name) = named {
            return name.parse().map_err(|_| Error::OptionValue {
                name: "compression".to_owned(),
                value: name.clone(),
                hint: "available values: gzip, bzip2, xz, zstd, uncompressed",
            });
        }
        let name = self.path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        Ok(match name.as_deref() {
            Some("gz") => CompressionTypeVariant::GZIP,
            Some("bz2") => CompressionTypeVariant::BZIP2,
            Some("xz") => CompressionTypeVariant::XZ,
            Some("zst") => CompressionTypeVariant::ZSTD,
            _ => CompressionTypeVariant::UNCOMPRESSED,
        })
    }

    fn refuse_options(&self, known: &[&str]) -> Result<(), Error> {
        match self.options.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Error::Option { name: name.clone(), format: self.format.name() }),
            None => Ok(()),
        }
    }

    /// Hive's serde properties and DataFusion's options, under either name.
    fn csv_options(&self) -> Result<CsvOptions, Error> {
        let mut csv = CsvOptions::default().with_has_header(!self.columns_declared);
        csv.compression = self.compression()?;
        for (name, value) in &self.options {
            let short = name.strip_prefix("format.").unwrap_or(name);
            match short {
                "skip.header.line.count" => {
                    let count: u32 = value.parse().map_err(|_| invalid(name, value, "0 or 1"))?;
                    if count > 1 {
                        return Err(invalid(name, value, "only one header line can be skipped"));
                    }
                    csv.has_header = Some(count == 1);
                }
                "has_header" | "header" => csv.has_header = Some(boolean(name, value)?),
                "field.delim" | "serialization.format" | "delimiter" | "delim" | "sep" | "separatorchar" => {
                    csv.delimiter = byte(name, value)?;
                }
                "quote" | "quotechar" => csv.quote = byte(name, value)?,
                "escape" | "escape.delim" | "escapechar" => csv.escape = Some(byte(name, value)?),
                "comment" => csv.comment = Some(byte(name, value)?),
                "line.delim" if value == "\n" || value == "\\n" => {}
                // DataFusion's reader knows no other text for NULL.
                "serialization.null.format" | "null_value" | "nullvalue" | "null" | "null_regex"
                    if !value.is_empty() =>
                {
                    return Err(invalid(name, value, "only the empty text stands for NULL; use NULLIF in a view"));
                }
                "serialization.null.format" | "null_value" | "nullvalue" | "null" | "null_regex" => {}
                "newlines_in_values" | "multiline" => csv.newlines_in_values = Some(boolean(name, value)?),
                "schema_infer_max_rec" => {
                    let rows = value.parse().map_err(|_| invalid(name, value, "a number of rows"))?;
                    csv.schema_infer_max_rec = Some(rows);
                }
                "compression" => {}
                _ => return Err(Error::Option { name: name.clone(), format: "CSV" }),
            }
        }
        Ok(csv)
    }

    /// Names the file or folder in errors that do not.
    fn explain(&self, error: datafusion::error::DataFusionError) -> Error {
        let message = error.to_string();
        if message.contains("No files found at") {
            let report = Diagnostic::new(
                sqlstate::INVALID_TABLE_DEFINITION,
                format!("no columns could be inferred from \"{}\"", self.path.display()),
            );
            return report.with_hint("there are no files in it yet: give the table's columns").into();
        }
        if message.contains(&*self.path.to_string_lossy()) {
            return error.into();
        }
        let report = Diagnostic::new(
            sqlstate::DATA_CORRUPTED,
            format!("could not read \"{}\" as {}", self.path.display(), self.format.name()),
        );
        report.with_detail(message).into()
    }
}

fn folder_has(path: &Path, extension: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(path) else { return true };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { folder_has(&path, extension) } else { path.to_string_lossy().ends_with(extension) }
    })
}

fn invalid(name: &str, value: &str, hint: &'static str) -> Error {
    Error::OptionValue { name: name.to_owned(), value: value.to_owned(), hint }
}

fn boolean(name: &str, value: &str) -> Result<bool, Error> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "on" | "1" | "yes" => Ok(true),
        "false" | "off" | "0" | "no" => Ok(false),
        _ => Err(invalid(name, value, "true or false")),
    }
}

/// One byte: itself, an escape such as `\t`, or its number, as Hive writes `\001` and `1`.
fn byte(name: &str, value: &str) -> Result<u8, Error> {
    let number = value.strip_prefix('\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
    match (value, value.as_bytes()) {
        (_, [byte]) => Ok(*byte),
        ("\\t", _) => Ok(b'\t'),
        ("\\\\", _) => Ok(b'\\'),
        _ => number.ok_or_else(|| invalid(name, value, "one character")),
    }
}

/// A listing table whose CSV errors name the file and the line.
#[derive(Debug)]
struct ExternalProvider {
    listing: ListingTable,
    csv: Option<CsvOptions>,
    path: PathBuf,
    file_schema: SchemaRef,
}

impl ExternalProvider {
    fn csv_files(&self, csv: &CsvOptions) -> Option<CsvFiles> {
        if csv.compression != CompressionTypeVariant::UNCOMPRESSED {
            return None;
        }
        let mut paths = Vec::new();
        collect_files(&self.path, &mut paths);
        paths.sort();
        Some(CsvFiles {
            paths,
            schema: Arc::clone(&self.file_schema),
            header: csv.has_header.unwrap_or(false),
            delimiter: csv.delimiter,
            quote: csv.quote,
            escape: csv.escape,
        })
    }
}

fn collect_files(path: &Path, paths: &mut Vec<PathBuf>) {
    match std::fs::read_dir(path) {
        Err(_) => paths.push(path.to_owned()),
        Ok(entries) => entries.flatten().for_each(|entry| {
            let hidden = entry.file_name().to_string_lossy().starts_with(['.', '_']);
            if !hidden {
                collect_files(&entry.path(), paths);
            }
        }),
    }
}

#[async_trait]
impl TableProvider for ExternalProvider {
    fn schema(&self) -> SchemaRef {
        self.listing.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        if !self.path.exists() {
            return Err(Error::Missing(self.path.display().to_string()).into());
        }
        let plan = self.listing.scan(state, projection, filters, limit).await?;
        match self.csv.as_ref().and_then(|csv| self.csv_files(csv)) {
            Some(files) => Ok(Arc::new(PassThroughExec::new(plan, CsvLines(Arc::new(files))))),
            None => Ok(plan),
        }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        self.listing.supports_filters_pushdown(filters)
    }

    async fn insert_into(
        &self,
        state: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        operation: InsertOp,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        if operation != InsertOp::Append {
            return Err(datafusion::error::DataFusionError::External(Box::new(Diagnostic::unsupported(
                "INSERT OVERWRITE of an external table is not supported",
            ))));
        }
        self.listing.insert_into(state, input, operation).await
    }
}
