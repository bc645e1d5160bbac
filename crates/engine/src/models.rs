//! The catalog's models, as functions ask them: parsed once, scored through one cache of sessions.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use mead_catalog::Catalog;
use mead_common::{CancelFlag, Diagnostic};
use mead_functions::{Evaluator, ModelReference, ModelSource, Scorer};
use mead_ml::{Engine, Evaluation, InferenceCache, Model, content_hash};
use parking_lot::Mutex;

/// How many parsed models are kept; their bytes are those of the models.
const MODELS_MAX: usize = 64;

/// All sessions' models.
pub(crate) struct Models {
    catalog: Arc<Catalog>,
    inference: Arc<InferenceCache>,
    /// Parsed models by hash. When there are too many, all go: parsing again is cheap.
    parsed: Mutex<HashMap<String, Arc<Model>>>,
}

impl Models {
    pub(crate) fn new(catalog: Arc<Catalog>, inference_bytes: usize) -> Arc<Self> {
        let inference = Arc::new(InferenceCache::new(inference_bytes));
        Arc::new(Self { catalog, inference, parsed: Mutex::default() })
    }

    /// The model that a name means now.
    pub(crate) fn model(&self, reference: &ModelReference, search_path: &[String]) -> Result<Arc<Model>, Diagnostic> {
        let schemas: Vec<&str> = match &reference.schema {
            Some(schema) => vec![schema],
            None => search_path.iter().map(String::as_str).collect(),
        };
        for schema in &schemas {
            if let Some(found) = self.catalog.model(schema, &reference.name, reference.version)? {
                return self.parsed(&found.hash, || Ok(self.catalog.model_bytes(&found)?));
            }
            if let (Some(version), Some(_)) = (reference.version, self.catalog.model(schema, &reference.name, None)?) {
                return Err(mead_catalog::Error::UndefinedVersion { name: reference.name.clone(), version }.into());
            }
        }
        Err(mead_catalog::Error::UndefinedModel(reference.name.clone()).into())
    }

    fn parsed(
        &self,
        hash: &str,
        bytes: impl FnOnce() -> Result<Arc<[u8]>, Diagnostic>,
    ) -> Result<Arc<Model>, Diagnostic> {
        if let Some(model) = self.parsed.lock().get(hash) {
            return Ok(Arc::clone(model));
        }
        let model = Arc::new(Model::from_bytes(bytes()?)?);
        let mut parsed = self.parsed.lock();
        if parsed.len() >= MODELS_MAX {
            parsed.clear();
        }
        parsed.insert(hash.to_owned(), Arc::clone(&model));
        Ok(model)
    }

    fn scorer(&self, model: Arc<Model>, engine: Engine) -> Arc<dyn Scorer> {
        Arc::new(ModelScorer { model, engine, inference: Arc::clone(&self.inference) })
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Models")
    }
}

impl ModelSource for Models {
    fn named(
        &self,
        reference: &ModelReference,
        search_path: &[String],
        engine: Engine,
    ) -> Result<Arc<dyn Scorer>, Diagnostic> {
        Ok(self.scorer(self.model(reference, search_path)?, engine))
    }

    fn value(&self, bytes: &[u8], engine: Engine) -> Result<Arc<dyn Scorer>, Diagnostic> {
        Ok(self.scorer(self.parsed(&content_hash(bytes), || Ok(bytes.into()))?, engine))
    }
}

/// One model with the sessions that score it.
struct ModelScorer {
    model: Arc<Model>,
    engine: Engine,
    inference: Arc<InferenceCache>,
}

impl Scorer for ModelScorer {
    fn hash(&self) -> &str {
        self.model.hash()
    }

    fn label_type(&self) -> DataType {
        self.model.signature().prediction_type()
    }

    fn engine(&self) -> Result<String, Diagnostic> {
        Ok(self.inference.choice(&self.model, self.engine)?.to_string())
    }

    fn classes(&self) -> Option<ArrayRef> {
        self.model.signature().label.as_ref().and_then(|label| label.classes.clone())
    }

    fn predict(&self, inputs: &[ArrayRef], rows: usize, cancel: &CancelFlag) -> Result<ArrayRef, Diagnostic> {
        Ok(self.inference.session_with(&self.model, self.engine)?.predict(inputs, rows, cancel)?)
    }

    fn predict_proba(&self, inputs: &[ArrayRef], rows: usize, cancel: &CancelFlag) -> Result<ArrayRef, Diagnostic> {
        Ok(self.inference.session_with(&self.model, self.engine)?.predict_proba(inputs, rows, cancel)?)
    }

    fn evaluation(&self) -> Result<Box<dyn Evaluator>, Diagnostic> {
        Ok(Box::new(ModelEvaluator {
            evaluation: Evaluation::new(self.model.signature())?,
            model: Arc::clone(&self.model),
            engine: self.engine,
            inference: Arc::clone(&self.inference),
        }))
    }
}

/// One partition's part of an evaluation.
struct ModelEvaluator {
    evaluation: Evaluation,
    model: Arc<Model>,
    engine: Engine,
    inference: Arc<InferenceCache>,
}

impl fmt::Debug for ModelEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelEvaluator").field("model", &self.model.hash()).finish_non_exhaustive()
    }
}

impl Evaluator for ModelEvaluator {
    fn names(&self) -> Vec<String> {
        self.evaluation.names().into_iter().map(str::to_owned).collect()
    }

    fn update(&mut self, labels: &ArrayRef, inputs: &[ArrayRef], cancel: &CancelFlag) -> Result<(), Diagnostic> {
        let scores = self.inference.session_with(&self.model, self.engine)?.score(inputs, labels.len(), cancel)?;
        Ok(self.evaluation.update(labels, &scores)?)
    }

    fn state(&mut self) -> Result<Vec<u8>, Diagnostic> {
        Ok(self.evaluation.to_bytes()?)
    }

    fn merge(&mut self, state: &[u8]) -> Result<(), Diagnostic> {
        Ok(self.evaluation.merge(&Evaluation::from_bytes(state)?)?)
    }

    fn finish(&mut self) -> Result<Vec<Option<f64>>, Diagnostic> {
        Ok(self.evaluation.finish().into_iter().map(|(_, value)| value).collect())
    }

    fn memory_bytes(&self) -> usize {
        self.evaluation.memory_bytes()
    }
}
