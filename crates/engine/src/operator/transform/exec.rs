//! The physical operator: one program for all rows, which are written to it while what it writes is read.
//!
//! The program runs by `/bin/sh` in a group of processes of its own, without the server's environment. When the statement
//! ends, however it ends, the whole group is killed.

use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::internal_err;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, Partitioning, PlanProperties,
};
use futures::StreamExt;
use mead_common::{Diagnostic, Dialect, sqlstate};
use mead_functions::hive::convert::shown_text;
use mead_storage::hive::LineFormat;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

use super::node::Program;
use crate::error::into_datafusion;

/// The longest line that is read from a program.
const LINE_BYTES_MAX: usize = 64 << 20;

/// How much of what a program says about its failure is kept: the end.
const COMPLAINT_BYTES_MAX: usize = 4 << 10;

/// Tells the programs of a server apart.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Where programs are looked for.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

#[derive(Debug)]
pub(super) struct TransformExec {
    input: Arc<dyn ExecutionPlan>,
    program: Program,
    properties: Arc<PlanProperties>,
}

impl TransformExec {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>, program: Program, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { input, program, properties: Arc::new(properties) }
    }
}

impl DisplayAs for TransformExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransformExec: {}", self.program.command)
    }
}

impl ExecutionPlan for TransformExec {
    fn name(&self) -> &str {
        "TransformExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match (children.pop(), children.is_empty()) {
            (Some(input), true) => Ok(Arc::new(Self::new(input, self.program.clone(), self.schema()))),
            _ => internal_err!("TransformExec takes one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, Arc::clone(&context))?;
        let rows_max = context.session_config().batch_size().max(1);
        let (program, schema) = (self.program.clone(), self.schema());
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&schema), 2);
        let out = stream.tx();
        stream.spawn(async move {
            let running = Running::start(&program.command)?;
            let writing = write(running.stdin, rows, LineFormat::new(program.input)?, program.raw_bytes);
            let complaint = complaint(running.stderr);
            let reader = LineFormat::new(program.output)?.reader(schema)?;
            let reading = read(running.stdout, reader, rows_max, out);
            // What is written and what is read are of one task: neither goes on without the other.
            let (written, complaint, read) = tokio::join!(writing, complaint, reading);
            let mut group = running.group;
            let status = group.child.wait().await.map_err(|error| failed(&program.command, &error.to_string()))?;
            written?;
            read?;
            match status.success() {
                true => Ok(()),
                false => Err(failed(&program.command, &format!("{status}\n{complaint}"))),
            }
        });
        Ok(stream.build())
    }
}

struct Running {
    group: Group,
    stdin: ChildStdin,
    stdout: ChildStdout,
    stderr: ChildStderr,
}

impl Running {
    fn start(command: &str) -> Result<Self> {
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg(command)
            .env_clear()
            .env("PATH", PATH)
            .env("HIVE_SCRIPT_OPERATOR_ID", format!("SCR_{}", NEXT.fetch_add(1, Ordering::Relaxed)))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(command, &error.to_string()))?;
        match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
            (Some(stdin), Some(stdout), Some(stderr)) => Ok(Self { group: Group { child }, stdin, stdout, stderr }),
            _ => internal_err!("a program has no pipes"),
        }
    }
}

/// The program and all that it started.
struct Group {
    child: Child,
}

impl Drop for Group {
    fn drop(&mut self) {
        // None once the program has been waited for.
        let Some(id) = self.child.id() else { return };
        let killed = std::process::Command::new("/bin/kill").arg("-KILL").arg("--").arg(format!("-{id}")).status();
        if let Err(error) = killed {
            tracing::warn!(%error, "a program's processes could not be killed");
        }
    }
}

/// Writes all rows. A program may stop reading before the end, as `head` does.
async fn write(
    mut stdin: ChildStdin,
    mut rows: SendableRecordBatchStream,
    format: LineFormat,
    raw_bytes: bool,
) -> Result<()> {
    let mut text = Vec::new();
    while let Some(batch) = rows.next().await {
        text.clear();
        format.write(&writable(&batch?, raw_bytes)?, &mut text)?;
        match stdin.write_all(&text).await {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
    Ok(())
}

/// Columns of the types that lines have; others as the text that results show.
fn writable(batch: &RecordBatch, raw_bytes: bool) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> =
        batch.columns().iter().map(|column| line_column(column, raw_bytes)).collect::<Result<_>>()?;
    let given = batch.schema();
    let fields = columns
        .iter()
        .zip(given.fields())
        .map(|(column, field)| Field::new(field.name(), column.data_type().clone(), true));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields.collect::<Vec<_>>())), columns)?)
}

fn line_column(column: &ArrayRef, raw_bytes: bool) -> Result<ArrayRef> {
    let data_type = column.data_type();
    Ok(match data_type {
        DataType::Null | DataType::LargeUtf8 | DataType::Utf8View => cast(column, &DataType::Utf8)?,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView if raw_bytes => {
            Arc::new(shown_text(column, Dialect::Spark, None)?)
        }
        DataType::LargeBinary | DataType::BinaryView => cast(column, &DataType::Binary)?,
        DataType::Timestamp(_, zone) => cast(column, &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => cast(column, &DataType::Int64)?,
        DataType::Interval(_) | DataType::Duration(_) => Arc::new(shown_text(column, Dialect::Hive, None)?),
        _ => Arc::clone(column),
    })
}

async fn read(
    stdout: ChildStdout,
    mut reader: mead_storage::hive::LineReader,
    rows_max: usize,
    out: tokio::sync::mpsc::Sender<Result<RecordBatch>>,
) -> Result<()> {
    let mut lines = BufReader::with_capacity(64 << 10, stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = u64::try_from(LINE_BYTES_MAX + 1).unwrap_or(u64::MAX);
        let length = (&mut lines).take(limit).read_until(b'\n', &mut line).await?;
        if length > LINE_BYTES_MAX {
            let message = format!("a program wrote a line of more than {LINE_BYTES_MAX} bytes");
            return Err(into_datafusion(Diagnostic::new(sqlstate::PROGRAM_LIMIT_EXCEEDED, message)));
        }
        if length > 0 {
            reader.push(line.strip_suffix(b"\n").unwrap_or(&line));
        }
        if reader.rows() >= rows_max || (length == 0 && reader.rows() > 0) {
            // Nobody waits for more rows: the program is not read to its end.
            if out.send(Ok(reader.take()?)).await.is_err() {
                return Ok(());
            }
        }
        if length == 0 {
            return Ok(());
        }
    }
}

/// The end of what the program writes to its standard error.
async fn complaint(mut stderr: ChildStderr) -> String {
    let mut kept: Vec<u8> = Vec::new();
    let mut part = [0_u8; 1024];
    while let Ok(length @ 1..) = stderr.read(&mut part).await {
        kept.extend_from_slice(&part[..length]);
        let over = kept.len().saturating_sub(COMPLAINT_BYTES_MAX);
        kept.drain(..over);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

fn failed(command: &str, why: &str) -> DataFusionError {
    let report = Diagnostic::new(sqlstate::EXTERNAL_ROUTINE_EXCEPTION, format!("program \"{command}\" failed"));
    into_datafusion(report.with_detail(why.trim().to_owned()))
}
