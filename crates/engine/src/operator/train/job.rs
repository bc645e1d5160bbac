//! One training run: a thread of its own, epochs reported while it runs, its outcome recorded.

use std::sync::Arc;

use mead_catalog::{Catalog, NewTrainingRun, RunOutcome};
use mead_common::{Diagnostic, Notice};
use mead_ml::{DatasetBuilder, EpochReport, Provenance, TrainOptions};
use tokio::sync::oneshot;

use super::node::TrainCall;
use crate::execution::StatementContext;

/// What training needs besides its rows.
#[derive(Debug)]
pub(crate) struct TrainEnvironment {
    pub catalog: Arc<Catalog>,
    pub threads: usize,
}

/// One model to train.
pub(super) struct Job {
    pub call: TrainCall,
    pub dataset: DatasetBuilder,
    /// The group's key as text, under GROUP BY.
    pub group: Option<String>,
    pub statement: Arc<StatementContext>,
    pub environment: Arc<TrainEnvironment>,
}

impl Job {
    /// Trains on a thread of its own and gives the model's bytes. Dropping the future cancels the training.
    pub(super) async fn run(self) -> Result<Vec<u8>, Diagnostic> {
        let (sender, receiver) = oneshot::channel();
        std::thread::Builder::new()
            .name("mead-train".to_owned())
            .spawn(move || {
                let outcome = self.train();
                // The receiver is gone when the statement was cancelled: then nobody waits for the outcome.
                let _ = sender.send(outcome);
            })
            .map_err(|error| Diagnostic::internal("could not start a thread for training").with_source(error))?;
        match receiver.await {
            Ok(outcome) => outcome,
            Err(_) => Err(Diagnostic::internal("the training thread panicked")),
        }
    }

    fn train(self) -> Result<Vec<u8>, Diagnostic> {
        let catalog = Arc::clone(&self.environment.catalog);
        let run = catalog.begin_training_run(&NewTrainingRun {
            model: self.statement.model_name(),
            group: self.group.clone(),
            function: self.call.function.clone(),
            options: self.call.options.as_ref().map(ToString::to_string),
            query: self.statement.text().to_owned(),
        })?;
        let result = self.train_recorded(run);
        let outcome = match &result {
            Ok(_) => RunOutcome::Finished,
            Err(_) if self.statement_flag.is_cancelled() => RunOutcome::Cancelled,
            Err(error) => RunOutcome::Failed(error.message.clone()),
        };
        catalog.finish_training_run(run, &outcome)?;
        result
    }
}
