//! UPDATE, DELETE and MERGE of managed tables: rows that go and rows that come, in one entry of the log.
//!
//! Files are never changed. One that loses rows is written anew without them, and both happen in the same entry. Rows that
//! go are known by their file and their place in it, so that a condition is evaluated once, by whoever reads
//! [`Change::rows`].

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array, BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::physical_plan::execute_stream;
use deltalake::checkpoints::{cleanup_metadata, create_checkpoint};
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, LogicalFileView};
use deltalake::operations::get_num_idx_cols_and_stats_columns;
use deltalake::protocol::DeltaOperation;
use deltalake::table::config::TablePropertiesExt;
use deltalake::{DeltaTable, DeltaTableError};
use futures::StreamExt;
use mead_common::{Diagnostic, sqlstate};
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use super::ManagedTable;
use super::rows::{ChangeRows, places};
use crate::convert::Convert;
use crate::declared::stored_target;
use crate::hive::cut_texts;
use crate::lease::Lease;
use crate::unfinished::Unfinished;
use crate::write::parquet_properties;
use crate::{DeclaredTable, Error};

/// Whoever opens a table reads so many entries of its log at most, and a file that sums up those before them.
const ENTRIES: u64 = 20;

/// A file begins when the one before has so many bytes.
const FILE_BYTES: u64 = 128 << 20;

/// What an entry of the log says that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    Delete,
    Merge,
    Update,
}

impl ChangeKind {
    fn operation(self, condition: Option<String>) -> DeltaOperation {
        match self {
            // What was read is not told by the condition, which may be about other tables too: any other change of rows
            // conflicts.
            Self::Delete => DeltaOperation::Delete { predicate: None },
            Self::Update => DeltaOperation::Update { predicate: None },
            Self::Merge => DeltaOperation::Merge {
                predicate: None,
                merge_predicate: condition,
                matched_predicates: Vec::new(),
                not_matched_predicates: Vec::new(),
                not_matched_by_source_predicates: Vec::new(),
            },
        }
    }
}

/// A managed table as it was when its change began.
pub struct Change {
    pub(super) table: DeltaTable,
    pub(super) files: Vec<ChangedFile>,
    stored: SchemaRef,
    declared: SchemaRef,
    pub(super) folder: PathBuf,
    unfinished: Arc<Unfinished>,
    _lease: Lease,
    /// Those who change the same table wait for each other, rather than doing their work in vain.
    _turn: Option<OwnedMutexGuard<()>>,
}

/// A file of rows.
pub(super) struct ChangedFile {
    view: LogicalFileView,
    pub path: PathBuf,
    pub bytes: u64,
}

static TURNS: LazyLock<Mutex<HashMap<PathBuf, Arc<tokio::sync::Mutex<()>>>>> = LazyLock::new(Mutex::default);

/// Waits until nobody else changes the table of this folder.
pub(super) async fn turn(folder: &Path) -> OwnedMutexGuard<()> {
    let mutex = {
        let mut turns = TURNS.lock();
        turns.retain(|_, mutex| Arc::strong_count(mutex) > 1);
        Arc::clone(turns.entry(folder.to_owned()).or_default())
    };
    mutex.lock_owned().await
}

impl ManagedTable {
    /// Begins a change of a table whose columns were declared so. Where it is only `planned`, nobody waits for it.
    pub async fn change(&self, declared: &SchemaRef, planned: bool) -> Result<Arc<Change>, Error> {
        let turn = if planned { None } else { Some(turn(&self.folder).await) };
        let lease = Lease::take(&self.folder);
        let unfinished = Unfinished::new(&self.folder);
        let table = self.open(Arc::clone(&unfinished)).await?;
        let snapshot = table.snapshot().map_err(|error| self.delta(error))?;
        let mut files = Vec::new();
        for view in snapshot.log_data().iter() {
            if view.deletion_vector_descriptor().is_some() {
                return Err(Diagnostic::unsupported("tables with deletion vectors cannot be changed").into());
            }
            let path = self.folder.join(view.object_store_path().as_ref());
            files.push(ChangedFile { path, bytes: u64::try_from(view.size()).unwrap_or(0), view });
        }
        let stored = snapshot.snapshot().arrow_schema();
        Ok(Arc::new(Change {
            stored,
            files,
            table,
            declared: Arc::clone(declared),
            folder: self.folder.clone(),
            unfinished,
            _lease: lease,
            _turn: turn,
        }))
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        self.unfinished.abandon();
    }
}

impl Change {
    /// The rows, each with the number of its file and its place there ([`super::FILE`], [`super::ROW`]) behind its columns.
    pub fn rows(self: &Arc<Self>) -> Arc<dyn TableProvider> {
        let all = (0..self.files.len()).collect();
        DeclaredTable::wrap(Arc::new(ChangeRows::new(Arc::clone(self), all)), &self.declared, None)
    }

    /// The columns as the files have them.
    pub fn stored(&self) -> &SchemaRef {
        &self.stored
    }

    /// The columns as they are shown, which are the files', under the types that were declared.
    pub fn columns(self: &Arc<Self>) -> SchemaRef {
        let rows = self.rows().schema();
        let fields = rows.fields().iter().take(self.stored.fields().len()).map(|shown| {
            let mut metadata = shown.metadata().clone();
            if let Ok(declared) = self.declared.field_with_name(shown.name()) {
                metadata.extend(declared.metadata().clone());
            }
            Arc::new(Field::clone(shown).with_metadata(metadata))
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    /// What rows that come are written with.
    pub fn begin(self: &Arc<Self>, name: &str) -> Result<ChangeWriter, Error> {
        let stored = Arc::clone(&self.stored);
        Ok(ChangeWriter {
            target: stored_target(&stored, &self.columns()),
            writer: self.writer(&stored)?,
            change: Arc::clone(self),
            name: name.to_owned(),
            gone: BTreeMap::new(),
            added: 0,
        })
    }

    pub(super) fn writer(&self, schema: &SchemaRef) -> Result<DeltaWriter, Error> {
        new_writer(&self.table, schema).map_err(|error| self.delta(error))
    }

    /// All rows go.
    pub async fn truncate(&self) -> Result<(), Error> {
        if self.files.is_empty() {
            return Ok(());
        }
        let actions = self.files.iter().map(|file| Action::Remove(file.view.remove_action(true))).collect();
        self.commit(actions, DeltaOperation::Delete { predicate: None }).await
    }

    pub(super) fn removes(&self) -> impl Iterator<Item = Action> + '_ {
        self.files.iter().map(|file| Action::Remove(file.view.remove_action(true)))
    }

    pub(super) async fn commit(&self, actions: Vec<Action>, operation: DeltaOperation) -> Result<(), Error> {
        commit(&self.table, actions, operation, &self.folder).await
    }

    pub(super) fn delta(&self, source: DeltaTableError) -> Error {
        Error::of_delta(&self.folder, source)
    }
}

/// Writes an entry of a table's log.
pub(super) async fn commit(
    table: &DeltaTable,
    actions: Vec<Action>,
    operation: DeltaOperation,
    folder: &Path,
) -> Result<(), Error> {
    let delta = |error| Error::of_delta(folder, error);
    // What may fail once the entry is there is done here, since it makes no difference to the rows.
    let properties = CommitProperties::default().with_create_checkpoint(false).with_cleanup_expired_logs(Some(false));
    let entry = CommitBuilder::from(properties)
        .with_actions(actions)
        .build(Some(table.snapshot().map_err(delta)?), table.log_store(), operation)
        .await
        .map_err(delta)?;
    if (entry.version() + 1).is_multiple_of(ENTRIES)
        && let Err(error) = sum_up(table.clone(), entry.version()).await
    {
        tracing::warn!(%error, folder = %folder.display(), "the log of a table could not be summed up");
    }
    Ok(())
}

/// One file for the log's entries so far; those that nobody looks back to any more go.
async fn sum_up(mut table: DeltaTable, version: u64) -> Result<(), DeltaTableError> {
    table.load_version(version).await?;
    create_checkpoint(&table, None).await?;
    if table.snapshot()?.table_config().enable_expired_log_cleanup() {
        cleanup_metadata(&table, None).await?;
    }
    Ok(())
}

/// What writes a table's files.
pub(super) fn new_writer(table: &DeltaTable, schema: &SchemaRef) -> Result<DeltaWriter, DeltaTableError> {
    let snapshot = table.snapshot()?;
    let (indexed, columns) = get_num_idx_cols_and_stats_columns(Some(snapshot.table_config()), HashMap::new());
    let properties = Some(parquet_properties());
    let size = NonZeroU64::new(FILE_BYTES);
    let config = WriterConfig::new(Arc::clone(schema), Vec::new(), properties, size, None, indexed, columns);
    Ok(DeltaWriter::new(table.object_store(), config))
}

/// See [`Change::begin`].
pub struct ChangeWriter {
    change: Arc<Change>,
    writer: DeltaWriter,
    /// The columns of rows that come, on their way into a file.
    target: SchemaRef,
    /// The table's name, for errors.
    name: String,
    gone: BTreeMap<usize, Bits>,
    added: u64,
}

impl ChangeWriter {
    /// A row goes; false if it has gone before.
    pub fn remove(&mut self, file: usize, row: u64) -> bool {
        self.gone.entry(file).or_default().set(row)
    }

    /// Rows come, with the table's columns.
    pub async fn add(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        for ((field, values), shown) in
            self.target.fields().iter().zip(batch.columns()).zip(self.change.stored.fields())
        {
            if !shown.is_nullable() && values.null_count() > 0 {
                return Err(Diagnostic::new(
                    sqlstate::NOT_NULL_VIOLATION,
                    format!(
                        "null value in column \"{}\" of relation \"{}\" violates not-null constraint",
                        field.name(),
                        self.name
                    ),
                )
                .into());
            }
        }
        let convert = Convert { origin: None, checks_json: true };
        let batch = cut_texts(&convert.batch(batch, &self.target)?, &self.change.declared)?;
        let batch = RecordBatch::try_new(Arc::clone(&self.change.stored), batch.columns().to_vec());
        self.added += 1;
        let batch = batch.map_err(DataFusionError::from)?;
        self.writer.write(&batch).await.map_err(|error| self.change.delta(error))
    }

    /// Writes what is left of the files that lost rows, and the entry of the log.
    pub async fn finish(
        mut self,
        session: &dyn Session,
        kind: ChangeKind,
        condition: Option<String>,
    ) -> Result<(), Error> {
        if self.gone.is_empty() && self.added == 0 {
            return Ok(());
        }
        let is_whole = |file: usize, gone: &Bits| {
            let rows = self.change.files.get(file).and_then(|file| file.view.num_records());
            rows.is_some_and(|rows| rows as u64 == gone.count)
        };
        let partly: Vec<usize> =
            self.gone.iter().filter(|(file, gone)| !is_whole(**file, gone)).map(|(file, _)| *file).collect();
        if !partly.is_empty() {
            let rows = ChangeRows::new(Arc::clone(&self.change), partly);
            let plan = rows.scan(session, None, &[], None).await?;
            let mut batches = execute_stream(plan, session.task_ctx())?;
            while let Some(batch) = batches.next().await {
                let kept = self.kept(&batch?)?;
                self.writer.write(&kept).await.map_err(|error| self.change.delta(error))?;
            }
        }
        let Self { change, writer, gone, .. } = self;
        let added = writer.close().await.map_err(|error| change.delta(error))?;
        let mut actions: Vec<Action> = added.into_iter().map(Action::Add).collect();
        for file in gone.keys().filter_map(|file| change.files.get(*file)) {
            actions.push(Action::Remove(file.view.remove_action(true)));
        }
        change.commit(actions, kind.operation(condition)).await
    }

    /// The rows of a batch that stay, without their places.
    fn kept(&self, batch: &RecordBatch) -> Result<RecordBatch, Error> {
        let (files, rows) = places(batch)?;
        let stays = |place: usize| {
            let file = usize::try_from(files.value(place)).unwrap_or(usize::MAX);
            let row = u64::try_from(rows.value(place)).unwrap_or(u64::MAX);
            !self.gone.get(&file).is_some_and(|gone| gone.has(row))
        };
        let mask: BooleanArray = (0..batch.num_rows()).map(|place| Some(stays(place))).collect();
        let columns = batch.columns().iter().take(self.change.stored.fields().len()).cloned().collect();
        let stored = RecordBatch::try_new(Arc::clone(&self.change.stored), columns);
        let kept = stored.and_then(|stored| filter_record_batch(&stored, &mask));
        Ok(kept.map_err(DataFusionError::from)?)
    }
}

/// Places of rows in a file.
#[derive(Default)]
struct Bits {
    words: Vec<u64>,
    count: u64,
}

impl Bits {
    /// False if the bit was set.
    fn set(&mut self, bit: u64) -> bool {
        let place = usize::try_from(bit / 64).unwrap_or(usize::MAX);
        if place >= self.words.len() {
            self.words.resize(place + 1, 0);
        }
        let (word, mask) = (&mut self.words[place], 1 << (bit % 64));
        let is_new = *word & mask == 0;
        *word |= mask;
        self.count += u64::from(is_new);
        is_new
    }

    fn has(&self, bit: u64) -> bool {
        let place = usize::try_from(bit / 64).unwrap_or(usize::MAX);
        self.words.get(place).is_some_and(|word| word & (1 << (bit % 64)) != 0)
    }
}
