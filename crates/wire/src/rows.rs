//! A result on its way to the client: batch by batch, never more of it in memory than the batch at hand, the next one, and
//! 64 KiB of encoded rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use futures::StreamExt;
use futures::stream::BoxStream;
use mead_common::{Diagnostic, sqlstate};
use pgwire::messages::data::{FORMAT_CODE_BINARY, FORMAT_CODE_TEXT, FieldDescription, RowDescription};

use crate::channel::OUTPUT_BYTES;
use crate::client::{Client, Failure};
use crate::encode::{BatchEncoder, ColumnFormat, Style, normalize};
use crate::types::PgType;

/// RowDescription counts columns in 16 bits; PostgreSQL's limit of a select list is lower.
const COLUMNS_MAX: usize = 1_664;

/// The columns of a result as the client was told of them.
#[derive(Debug)]
pub(crate) struct RowFormat {
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    declared: DataType,
    pg_type: PgType,
    binary: bool,
}

impl RowFormat {
    /// `codes` as Bind has them: none for text, one for all columns, or one a column.
    pub(crate) fn new(schema: &Schema, codes: &[i16]) -> Result<Self, Diagnostic> {
        let count = schema.fields().len();
        if codes.len() > 1 && codes.len() != count {
            return Err(Diagnostic::new(
                sqlstate::PROTOCOL_VIOLATION,
                format!("bind message has {} result formats but query has {count} columns", codes.len()),
            ));
        }
        if count > COLUMNS_MAX {
            return Err(Diagnostic::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!("target lists can have at most {COLUMNS_MAX} entries"),
            ));
        }
        let code_of = |index: usize| match codes {
            [] => FORMAT_CODE_TEXT,
            [all] => *all,
            each => each[index],
        };
        let columns = schema.fields().iter().enumerate().map(|(index, field)| {
            Ok(Column {
                name: field.name().clone(),
                declared: field.data_type().clone(),
                pg_type: PgType::of_field(field)?,
                binary: is_binary(code_of(index))?,
            })
        });
        Ok(Self { columns: columns.collect::<Result<_, Diagnostic>>()? })
    }

    pub(crate) fn description(&self) -> RowDescription {
        let fields = self.columns.iter().map(|column| {
            FieldDescription::new(
                column.name.clone(),
                0,
                0,
                column.pg_type.oid(),
                column.pg_type.size(),
                column.pg_type.modifier,
                if column.binary { FORMAT_CODE_BINARY } else { FORMAT_CODE_TEXT },
            )
        });
        RowDescription::new(fields.collect())
    }

    /// True if a client that was told of `self` can read rows in `other`.
    pub(crate) fn has_types_of(&self, other: &RowFormat) -> bool {
        self.columns.len() == other.columns.len()
            && self.columns.iter().zip(&other.columns).all(|(ours, theirs)| ours.pg_type.oid() == theirs.pg_type.oid())
    }
}

/// True for format code 1, false for 0.
pub(crate) fn is_binary(code: i16) -> Result<bool, Diagnostic> {
    match code {
        FORMAT_CODE_TEXT => Ok(false),
        FORMAT_CODE_BINARY => Ok(true),
        other => Err(Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, format!("unsupported format code: {other}"))),
    }
}

pub(crate) type Batches = BoxStream<'static, Result<RecordBatch, Diagnostic>>;

/// Rows that have not all been sent. Dropping it ends the query.
pub(crate) struct RowStream {
    /// `None` once it has ended.
    batches: Option<Batches>,
    /// The batch after the current one, if it came while the client was busy.
    ahead: Option<RecordBatch>,
    current: Option<Current>,
    format: Arc<RowFormat>,
    style: Style,
}

struct Current {
    columns: Vec<ArrayRef>,
    rows: usize,
    next: usize,
}

/// What one Execute has sent.
pub(crate) struct Sent {
    pub(crate) rows: u64,
    /// No row is left.
    pub(crate) complete: bool,
}

impl RowStream {
    pub(crate) fn new(batches: Batches, format: Arc<RowFormat>, style: Style) -> Self {
        Self { batches: Some(batches), ahead: None, current: None, format, style }
    }

    /// Sends rows, up to `limit` of them if there is one. As in PostgreSQL, reaching the limit does not look whether there
    /// is another row.
    pub(crate) async fn send(&mut self, client: &mut Client, limit: Option<u64>) -> Result<Sent, Failure> {
        let mut rows = 0;
        loop {
            self.send_current(client, limit, &mut rows).await?;
            if limit == Some(rows) {
                return Ok(Sent { rows, complete: false });
            }
            match self.next_batch(client).await? {
                Some(batch) => self.current = Some(self.open(&batch)?),
                None => return Ok(Sent { rows, complete: true }),
            }
        }
    }

    async fn send_current(&mut self, client: &mut Client, limit: Option<u64>, rows: &mut u64) -> Result<(), Failure> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let formats: Vec<ColumnFormat> = self
            .format
            .columns
            .iter()
            .map(|column| ColumnFormat { scalar: column.pg_type.scalar, binary: column.binary })
            .collect();
        let mut encoder = BatchEncoder::new(&current.columns, &formats, self.style)?;
        while current.next < current.rows {
            if limit == Some(*rows) {
                return Ok(());
            }
            encoder.put_row(current.next, &mut client.channel.output)?;
            current.next += 1;
            *rows += 1;
            if client.channel.output.len() >= OUTPUT_BYTES {
                drain(client, &mut self.batches, &mut self.ahead).await?;
            }
        }
        self.current = None;
        Ok(())
    }

    async fn next_batch(&mut self, client: &mut Client) -> Result<Option<RecordBatch>, Failure> {
        if let Some(batch) = self.ahead.take() {
            return Ok(Some(batch));
        }
        let Some(batches) = &mut self.batches else { return Ok(None) };
        match client.attend(batches.next()).await? {
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(report)) => {
                self.batches = None;
                Err(report.into())
            }
            None => {
                self.batches = None;
                Ok(None)
            }
        }
    }

    fn open(&self, batch: &RecordBatch) -> Result<Current, Diagnostic> {
        if batch.num_columns() != self.format.columns.len() {
            return Err(Diagnostic::internal("a batch has another number of columns than its schema"));
        }
        let columns = self.format.columns.iter().zip(batch.columns());
        let columns = columns.map(|(column, array)| normalize(array, &column.declared, column.pg_type.scalar));
        Ok(Current { columns: columns.collect::<Result<_, _>>()?, rows: batch.num_rows(), next: 0 })
    }
}

/// Sends what is encoded. While the client is slow the next batch is fetched, so that a query that fails or is cancelled
/// lets go of its memory even if the client has stopped reading.
async fn drain(
    client: &mut Client,
    batches: &mut Option<Batches>,
    ahead: &mut Option<RecordBatch>,
) -> Result<(), Failure> {
    let fetch = async {
        loop {
            match batches {
                Some(stream) if ahead.is_none() => match stream.next().await {
                    Some(Ok(batch)) => *ahead = Some(batch),
                    Some(Err(report)) => {
                        *batches = None;
                        return report;
                    }
                    None => *batches = None,
                },
                _ => std::future::pending::<()>().await,
            }
        }
    };
    match client.flush_beside(fetch).await? {
        Some(report) => Err(report.into()),
        None => Ok(()),
    }
}
