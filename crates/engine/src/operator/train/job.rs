//! One training run: a thread of its own, epochs reported while it runs, its outcome recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::execution::memory_pool::MemoryReservation;
use mead_catalog::{Catalog, Epoch, NewTrainingRun, RunOutcome};
use mead_common::{Diagnostic, Notice};
use mead_functions::train;
use mead_ml::Isa;
use mead_ml::{DatasetBuilder, EpochReport, Provenance, TrainOptions};
use tokio::sync::oneshot;

use super::node::TrainCall;
use super::waiting::Waiting;
use crate::error::diagnostic_of;
use crate::execution::StatementContext;

/// What training needs besides its rows.
#[derive(Debug)]
pub(crate) struct TrainEnvironment {
    pub catalog: Arc<Catalog>,
    pub threads: usize,
    /// How many trainings run; a stopping engine waits for them, so that their ends are recorded.
    pub running: Arc<AtomicUsize>,
}

/// Counts one training while it lives.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One model to train.
pub(super) struct Job {
    pub call: TrainCall,
    pub dataset: DatasetBuilder,
    /// For what the dataset holds.
    pub held: MemoryReservation,
    /// The groups that come later, which may have to make room.
    pub waiting: Arc<Waiting>,
    /// The group's key as text, under GROUP BY.
    pub group: Option<String>,
    pub statement: Arc<StatementContext>,
    pub environment: Arc<TrainEnvironment>,
    /// For what training takes beside the rows.
    pub reservation: MemoryReservation,
}

impl Job {
    /// Trains on a thread of its own and gives the model's bytes.
    pub(super) async fn run(self) -> Result<Arc<[u8]>, Diagnostic> {
        let (sender, receiver) = oneshot::channel();
        let running = Running::new(&self.environment.running);
        std::thread::Builder::new()
            .name("mead-train".to_owned())
            .spawn(move || {
                let outcome = self.train();
                drop(running);
                // The receiver is gone when the statement was cancelled: then nobody waits for the outcome.
                let _ = sender.send(outcome);
            })
            .map_err(|error| Diagnostic::internal("could not start a thread for training").with_source(error))?;
        match receiver.await {
            Ok(outcome) => outcome,
            Err(_) => Err(Diagnostic::internal("the training thread panicked")),
        }
    }

    fn train(self) -> Result<Arc<[u8]>, Diagnostic> {
        let catalog = Arc::clone(&self.environment.catalog);
        let statement = Arc::clone(&self.statement);
        let run = catalog.begin_training_run(&NewTrainingRun {
            model: statement.model_name(),
            group: self.group.clone(),
            function: self.call.function.clone(),
            options: self.call.options.as_ref().map(ToString::to_string),
            query: statement.text().to_owned(),
        })?;
        let result = self.train_recorded(run);
        let outcome = match &result {
            Ok(_) => RunOutcome::Finished,
            Err(_) if statement.flag().is_cancelled() => RunOutcome::Cancelled,
            Err(error) => RunOutcome::Failed(error.message.clone()),
        };
        catalog.finish_training_run(run, &outcome)?;
        result
    }

    fn train_recorded(self, run: i64) -> Result<Arc<[u8]>, Diagnostic> {
        let mut options = options_of(&self.call)?;
        options.threads = self.environment.threads;
        let mut dataset = self.dataset.finish(options.loss.into())?;
        self.held.resize(dataset.memory_bytes().min(self.held.size()));
        while let Err(error) = self.reservation.try_resize(mead_ml::training_bytes(&dataset, &options)?) {
            if self.waiting.make_room()? {
                continue;
            }
            if dataset.is_spilled() {
                return Err(diagnostic_of(&error));
            }
            dataset.spill(&self.waiting.spill().space()?, self.statement.flag())?;
            self.held.resize(dataset.memory_bytes().min(self.held.size()));
        }
        if dataset.is_spilled() {
            self.environment.catalog.note_spilled(run)?;
        }
        let steps = mead_ml::training_steps(&dataset, &options)?.join("\n");
        self.environment.catalog.note_kernels(run, &format!("{steps}\non {}", Isa::detect().name()))?;
        let provenance = Provenance {
            query: self.statement.text().to_owned(),
            label_name: self.call.label_name.clone(),
            feature_names: self.call.feature_names.clone(),
            function: Some(self.call.function.clone()),
            group: self.group.clone(),
        };
        let (catalog, statement) = (&self.environment.catalog, &self.statement);
        let heading = heading(&self.call, statement.model_name().as_deref(), self.group.as_deref());
        let mut failed = None;
        let mut observe = |report: &EpochReport| {
            statement.notice(Notice::notice(describe(&heading, report)));
            catalog.record_epoch(run, &epoch(report)).map_err(|error| {
                failed = Some(Diagnostic::from(error));
                mead_ml::Error::Unrecorded
            })
        };
        let fitted = mead_ml::fit(&dataset, &options, provenance, &mut observe, statement.flag());
        match (fitted, failed) {
            (_, Some(error)) => Err(error),
            (fitted, None) => Ok(Arc::clone(fitted?.bytes())),
        }
    }
}

/// The options of a call, checked.
pub(crate) fn options_of(call: &TrainCall) -> Result<TrainOptions, Diagnostic> {
    let named = match &call.options {
        Some(record) => train::options(record)?,
        None => Vec::new(),
    };
    Ok(TrainOptions::from_named(named)?)
}

fn heading(call: &TrainCall, model: Option<&str>, group: Option<&str>) -> String {
    let mut text = call.function.to_uppercase();
    if let Some(model) = model {
        text.push_str(&format!(" \"{model}\""));
    }
    if let Some(group) = group {
        text.push_str(&format!(" [{group}]"));
    }
    text
}

fn describe(heading: &str, report: &EpochReport) -> String {
    let mut text = format!("{heading}: epoch {}/{}: loss {:.4}", report.epoch, report.epochs, report.loss);
    let rates = [
        ("accuracy", report.accuracy),
        ("validation loss", report.validation_loss),
        ("validation accuracy", report.validation_accuracy),
    ];
    for (name, value) in rates {
        if let Some(value) = value {
            text.push_str(&format!(", {name} {value:.4}"));
        }
    }
    text.push_str(&format!(", {:.0} rows/s", report.rows_per_second));
    text
}

fn epoch(report: &EpochReport) -> Epoch {
    Epoch {
        epoch: report.epoch as i64,
        epochs: report.epochs as i64,
        loss: report.loss,
        accuracy: report.accuracy,
        validation_loss: report.validation_loss,
        validation_accuracy: report.validation_accuracy,
        learning_rate: report.learning_rate,
        rows: report.rows as i64,
        seconds: report.seconds,
        rows_per_second: report.rows_per_second,
    }
}
