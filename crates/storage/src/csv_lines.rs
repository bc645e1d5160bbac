//! A bad line of a CSV file, by its file and line.
//!
//! DataFusion reads a file in ranges, in parallel: the line its error tells counts from the range's start, and the file is
//! not named. When such an error arises, the files are read again from their beginnings, in order, until the same kind
//! of error comes with a line that counts.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::csv::ReaderBuilder;
use datafusion::arrow::csv::reader::Format;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;
use mead_common::{Diagnostic, sqlstate};

use crate::PassThrough;

/// How the files are to be read again.
#[derive(Debug, Clone)]
pub(crate) struct CsvFiles {
    pub paths: Vec<PathBuf>,
    pub schema: SchemaRef,
    pub header: bool,
    pub delimiter: u8,
    pub quote: u8,
    pub escape: Option<u8>,
}

impl CsvFiles {
    /// The first error of the files, with its place; `None` if they read well after all.
    fn locate(&self) -> Option<Diagnostic> {
        let mut format =
            Format::default().with_header(self.header).with_delimiter(self.delimiter).with_quote(self.quote);
        if let Some(escape) = self.escape {
            format = format.with_escape(escape);
        }
        self.paths.iter().find_map(|path| {
            let file = std::fs::File::open(path).ok()?;
            let builder = ReaderBuilder::new(Arc::clone(&self.schema)).with_format(format.clone());
            let mut reader = builder.build_buffered(std::io::BufReader::with_capacity(1 << 20, file)).ok()?;
            let error = reader.find_map(std::result::Result::err)?;
            Some(describe(&error.to_string(), path.display().to_string(), &self.schema, self.header))
        })
    }
}

/// arrow's message as a report.
fn describe(message: &str, path: String, schema: &SchemaRef, header: bool) -> Diagnostic {
    let number_after = |marker: &str| {
        let rest = message.split(marker).nth(1)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()
    };
    if message.contains("incorrect number of fields") {
        let line = number_after("for line ").unwrap_or(0);
        let expected = number_after("expected ").unwrap_or(schema.fields().len());
        let got = message.rsplit("got ").next().unwrap_or_default();
        return Diagnostic::new(
            sqlstate::BAD_COPY_FILE_FORMAT,
            format!("line {line} of file \"{path}\" has {got} fields, the table has {expected} columns"),
        )
        .with_hint("mend the line, or declare the table's columns and delimiter to fit the file");
    }
    if let Some(value) = message.split("parsing value '").nth(1).and_then(|rest| rest.split("' as type").next()) {
        // Here arrow counts the lines behind the header.
        let line = number_after("at line ").unwrap_or(0) + usize::from(header);
        let column = number_after("for column ").unwrap_or(0);
        let field = schema.fields().get(column);
        let name = field.map_or_else(String::new, |field| field.name().clone());
        let data_type = field.map_or_else(String::new, |field| type_name(field.data_type()));
        return Diagnostic::new(
            sqlstate::INVALID_TEXT_REPRESENTATION,
            format!("invalid value in column \"{name}\" of type {data_type}: \"{value}\""),
        )
        .with_detail(format!("line {line} of file \"{path}\""));
    }
    Diagnostic::new(sqlstate::BAD_COPY_FILE_FORMAT, format!("could not read file \"{path}\": {message}"))
}

/// As PostgreSQL names the types that CSV columns can have.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 | DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 => "integer".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double precision".to_owned(),
        DataType::Date32 => "date".to_owned(),
        DataType::Decimal128(precision, scale) => format!("numeric({precision},{scale})"),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone".to_owned(),
        other => other.to_string(),
    }
}

/// Makes the errors of a scan of these files name the file and the line.
#[derive(Debug)]
pub(crate) struct CsvLines(pub Arc<CsvFiles>);

impl PassThrough for CsvLines {
    fn name(&self) -> &'static str {
        "CsvLinesExec"
    }

    fn detail(&self) -> String {
        format!("files={}", self.0.paths.len())
    }

    fn execute(
        &self,
        input: &Arc<dyn ExecutionPlan>,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = input.execute(partition, context)?;
        let files = Arc::clone(&self.0);
        let schema = input.schema();
        let stream = input.then(move |batch| {
            let files = Arc::clone(&files);
            async move {
                match batch {
                    Err(error) if is_csv_error(&error) => Err(located(error, files).await),
                    batch => batch,
                }
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
    }
}

fn is_csv_error(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::ArrowError(error, _) => {
            matches!(error.as_ref(), ArrowError::CsvError(_) | ArrowError::ParseError(_))
        }
        _ => false,
    }
}

async fn located(error: DataFusionError, files: Arc<CsvFiles>) -> DataFusionError {
    match tokio::task::spawn_blocking(move || files.locate()).await {
        Ok(Some(report)) => DataFusionError::External(Box::new(report)),
        _ => error,
    }
}
