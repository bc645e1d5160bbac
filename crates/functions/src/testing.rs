//! For tests: a session of its own with models that need no ONNX Runtime.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use mead_catalog::Catalog;
use mead_common::{CancelFlag, CancelReason, Diagnostic, sqlstate};
use mead_ml::Engine;
use parking_lot::Mutex;

use crate::context::{FunctionContext, SessionInfo};
use crate::model::{Evaluator, ModelReference, ModelSource, Scorer};

/// A session whose models are made up.
pub(crate) struct TestSession {
    pub context: Arc<FunctionContext>,
    pub models: Arc<TestModels>,
    pub state: Arc<TestState>,
    pub sql: SessionContext,
    _folder: tempfile::TempDir,
}

impl TestSession {
    pub fn new() -> Self {
        let models = Arc::new(TestModels::default());
        let state = Arc::new(TestState::default());
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::open(folder.path()).unwrap();
        let context = FunctionContext::new(catalog, models.clone(), state.clone());
        let mut sql = SessionContext::new();
        crate::register(&context, &mut sql).unwrap();
        Self { context, models, state, sql, _folder: folder }
    }

    /// The same with the functions of a dialect.
    pub fn in_dialect(dialect: mead_common::Dialect) -> Self {
        let mut session = Self::new();
        crate::register_dialect(dialect, &session.context, &mut session.sql).unwrap();
        session
    }

    /// The rows of a query, in one batch.
    pub async fn query(&self, sql: &str) -> Result<RecordBatch, DataFusionError> {
        self.state.plan_id.fetch_add(1, Ordering::SeqCst);
        let frame = self.sql.sql(sql).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        Ok(concat_batches(&schema, &frame.collect().await?)?)
    }

    /// The one value of a query's one row.
    pub async fn value(&self, sql: &str) -> ArrayRef {
        let batch = self.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!((batch.num_rows(), batch.num_columns()), (1, 1), "{sql}");
        Arc::clone(batch.column(0))
    }

    /// The report of a query that fails.
    pub async fn error(&self, sql: &str) -> Diagnostic {
        let error = match self.query(sql).await {
            Ok(batch) => panic!("{sql} gave {} rows", batch.num_rows()),
            Err(error) => error,
        };
        report(&error).unwrap_or_else(|| panic!("{sql}: {error:?}"))
    }
}

fn report(error: &DataFusionError) -> Option<Diagnostic> {
    match error {
        DataFusionError::External(inner) => inner.downcast_ref::<Diagnostic>().map(Diagnostic::duplicate),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => report(inner),
        DataFusionError::Shared(inner) => report(inner),
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            datafusion::arrow::error::ArrowError::ExternalError(inner) => {
                inner.downcast_ref::<Diagnostic>().map(Diagnostic::duplicate)
            }
            _ => None,
        },
        _ => None,
    }
}

#[derive(Default)]
pub(crate) struct TestState {
    pub plan_id: AtomicU64,
    cancel: CancelFlag,
}

impl TestState {
    pub fn cancel_all(&self) {
        self.cancel.cancel(CancelReason::User);
    }
}

impl SessionInfo for TestState {
    fn database(&self) -> String {
        "default".to_owned()
    }

    fn user(&self) -> String {
        "mead".to_owned()
    }

    fn search_path(&self) -> Vec<String> {
        vec!["public".to_owned()]
    }

    fn backend_pid(&self) -> i32 {
        1
    }

    fn setting(&self, _name: &str) -> Option<String> {
        None
    }

    fn set_setting(&self, name: &str, _value: &str, _local: bool) -> Result<(), Diagnostic> {
        Err(Diagnostic::new(sqlstate::UNDEFINED_OBJECT, format!("unrecognized configuration parameter \"{name}\"")))
    }

    fn server_version(&self) -> String {
        "17.0".to_owned()
    }

    fn cancel(&self) -> CancelFlag {
        self.cancel.clone()
    }

    fn plan_id(&self) -> u64 {
        self.plan_id.load(Ordering::SeqCst)
    }
}

/// Models by name, and how often one was looked up.
#[derive(Default)]
pub(crate) struct TestModels {
    pub named: Mutex<HashMap<String, Arc<dyn Scorer>>>,
    pub lookups: AtomicU64,
}

impl TestModels {
    pub fn set(&self, name: &str, model: TestModel) {
        self.named.lock().insert(name.to_owned(), Arc::new(model));
    }
}

impl ModelSource for TestModels {
    fn named(
        &self,
        reference: &ModelReference,
        _search_path: &[String],
        _engine: Engine,
    ) -> Result<Arc<dyn Scorer>, Diagnostic> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        self.named
            .lock()
            .get(&reference.to_string())
            .cloned()
            .ok_or_else(|| Diagnostic::new(sqlstate::UNDEFINED_OBJECT, format!("model \"{reference}\" does not exist")))
    }

    /// The bytes are the text that the model answers with.
    fn value(&self, bytes: &[u8], _engine: Engine) -> Result<Arc<dyn Scorer>, Diagnostic> {
        Ok(Arc::new(TestModel::Says(String::from_utf8_lossy(bytes).into_owned())))
    }
}

/// A model whose answers are easy to foretell.
pub(crate) enum TestModel {
    /// The number of values of the first input, times this.
    Lengths(i64, String),
    /// Always this.
    Says(String),
}

impl TestModel {
    pub fn lengths(times: i64) -> Self {
        TestModel::Lengths(times, format!("lengths {times}"))
    }
}

impl Scorer for TestModel {
    fn hash(&self) -> &str {
        match self {
            TestModel::Lengths(_, hash) => hash,
            TestModel::Says(text) => text,
        }
    }

    fn engine(&self) -> Result<String, Diagnostic> {
        Ok("none (made up)".to_owned())
    }

    fn label_type(&self) -> DataType {
        match self {
            TestModel::Lengths(..) => DataType::Int64,
            TestModel::Says(_) => DataType::Utf8,
        }
    }

    fn classes(&self) -> Option<ArrayRef> {
        match self {
            TestModel::Lengths(..) => None,
            TestModel::Says(text) => Some(Arc::new(StringArray::from(vec![text.clone()]))),
        }
    }

    fn predict(&self, inputs: &[ArrayRef], rows: usize, _cancel: &CancelFlag) -> Result<ArrayRef, Diagnostic> {
        assert!(inputs.iter().all(|input| input.len() == rows && input.logical_null_count() == 0));
        Ok(match self {
            TestModel::Lengths(times, _) => {
                let lengths = crate::tensor::Lists::new(&inputs[0]).unwrap();
                Arc::new((0..rows).map(|row| Some(lengths.range(row).len() as i64 * times)).collect::<Int64Array>())
            }
            TestModel::Says(text) => Arc::new(StringArray::from(vec![text.clone(); rows])),
        })
    }

    fn predict_proba(&self, inputs: &[ArrayRef], rows: usize, cancel: &CancelFlag) -> Result<ArrayRef, Diagnostic> {
        let labels = self.predict(inputs, rows, cancel)?;
        let mut builder = crate::tensor::TensorBuilder::new(&crate::types::float_array_type(), labels.len());
        for _ in 0..labels.len() {
            builder.push(2, |row| row.copy_from_slice(&[0.25, 0.75]))?;
        }
        builder.finish().map_err(|error| Diagnostic::internal(error.to_string()))
    }

    fn evaluation(&self) -> Result<Box<dyn Evaluator>, Diagnostic> {
        Ok(Box::new(Count::default()))
    }
}

/// Counts rows, and rows whose label is 1.
#[derive(Debug, Default)]
struct Count {
    rows: u8,
    ones: u8,
}

impl Evaluator for Count {
    fn names(&self) -> Vec<String> {
        vec!["rows".to_owned(), "ones".to_owned()]
    }

    fn update(&mut self, labels: &ArrayRef, inputs: &[ArrayRef], _cancel: &CancelFlag) -> Result<(), Diagnostic> {
        assert_eq!(labels.len(), inputs[0].len());
        self.rows += labels.len() as u8;
        let labels = labels.as_primitive::<datafusion::arrow::datatypes::Int64Type>();
        self.ones += labels.values().iter().filter(|label| **label == 1).count() as u8;
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<u8>, Diagnostic> {
        Ok(vec![self.rows, self.ones])
    }

    fn merge(&mut self, state: &[u8]) -> Result<(), Diagnostic> {
        self.rows += state[0];
        self.ones += state[1];
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<Option<f64>>, Diagnostic> {
        Ok(vec![Some(f64::from(self.rows)), (self.rows > 0).then(|| f64::from(self.ones))])
    }

    fn memory_bytes(&self) -> usize {
        0
    }
}
