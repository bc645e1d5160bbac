//! Training runs, written as they happen.

use rusqlite::params;

use crate::Error;
use crate::metastore::{Catalog, now_micros};

/// A run that begins.
#[derive(Debug, Clone)]
pub struct NewTrainingRun {
    /// The model's name, where the run is for one that will be kept.
    pub model: Option<String>,
    /// The group's key, under GROUP BY.
    pub group: Option<String>,
    pub function: String,
    pub options: Option<String>,
    pub query: String,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub enum RunOutcome {
    Finished,
    Cancelled,
    Failed(String),
}

/// One epoch of a run. Times are in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Epoch {
    pub epoch: i64,
    pub epochs: i64,
    pub loss: f64,
    pub accuracy: Option<f64>,
    pub validation_loss: Option<f64>,
    pub validation_accuracy: Option<f64>,
    pub learning_rate: f64,
    pub rows: i64,
    pub seconds: f64,
    pub rows_per_second: f64,
}

impl Catalog {
    /// Notes that a run begins; gives its number.
    pub fn begin_training_run(&self, run: &NewTrainingRun) -> Result<i64, Error> {
        self.write(|db| {
            db.execute(
                "INSERT INTO training_runs (model, grouped_by, function, options, query, status, started_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 'running', ?6)",
                params![run.model, run.group, run.function, run.options, run.query, now_micros()],
            )?;
            Ok(db.last_insert_rowid())
        })
    }

    /// Notes what each step of a run computes and how, a line a step.
    pub fn note_kernels(&self, run: i64, kernels: &str) -> Result<(), Error> {
        self.write(|db| {
            db.execute("UPDATE training_runs SET kernels = ?2 WHERE id = ?1", params![run, kernels])?;
            Ok(())
        })
    }

    /// Notes that a run's rows exceed the memory limit, so that it learns from a file.
    pub fn note_spilled(&self, run: i64) -> Result<(), Error> {
        self.write(|db| {
            db.execute("UPDATE training_runs SET spilled = 1 WHERE id = ?1", [run])?;
            Ok(())
        })
    }

    pub fn record_epoch(&self, run: i64, epoch: &Epoch) -> Result<(), Error> {
        self.write(|db| {
            db.execute(
                "INSERT INTO training_history VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                params![
                    run,
                    epoch.epoch,
                    epoch.epochs,
                    epoch.loss,
                    epoch.accuracy,
                    epoch.validation_loss,
                    epoch.validation_accuracy,
                    epoch.learning_rate,
                    epoch.rows,
                    epoch.seconds,
                    epoch.rows_per_second,
                    now_micros()
                ],
            )?;
            Ok(())
        })
    }

    pub fn finish_training_run(&self, run: i64, outcome: &RunOutcome) -> Result<(), Error> {
        let (status, error) = match outcome {
            RunOutcome::Finished => ("finished", None),
            RunOutcome::Cancelled => ("cancelled", None),
            RunOutcome::Failed(message) => ("failed", Some(message)),
        };
        self.write(|db| {
            db.execute(
                "UPDATE training_runs SET status = ?2, error = ?3, ended_at = ?4 WHERE id = ?1",
                params![run, status, error, now_micros()],
            )?;
            Ok(())
        })
    }
}
