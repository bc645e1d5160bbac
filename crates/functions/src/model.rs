//! Models as functions meet them: named in a call, or carried by a MODEL value.
//!
//! What a name means is settled once for a statement, while it is planned, and stays with the plan: a statement that runs
//! goes on with its version when the model is replaced or dropped.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use mead_common::{CancelFlag, Diagnostic, sqlstate};
use mead_ml::Engine;
use parking_lot::Mutex;

use crate::context::SessionInfo;

/// Where models come from.
pub trait ModelSource: Send + Sync {
    /// The model that a name means now, in the first of the schemas that has it; 42704 where none has. It is scored by
    /// `engine`.
    fn named(
        &self,
        reference: &ModelReference,
        search_path: &[String],
        engine: Engine,
    ) -> Result<Arc<dyn Scorer>, Diagnostic>;

    /// The model in a MODEL value.
    fn value(&self, bytes: &[u8], engine: Engine) -> Result<Arc<dyn Scorer>, Diagnostic>;
}

/// A model that can be asked. Inputs are flat arrays or scalars, one row an element, without NULL rows.
pub trait Scorer: Send + Sync {
    /// Two models with the same hash are the same model.
    fn hash(&self) -> &str;

    /// What `predict` gives.
    fn label_type(&self) -> DataType;

    /// What scores it, and why, as EXPLAIN says it.
    fn engine(&self) -> Result<String, Diagnostic>;

    /// The classes in the order of `predict_proba`, typed as the label; `None` for a model that does not classify.
    fn classes(&self) -> Option<ArrayRef>;

    fn predict(&self, inputs: &[ArrayRef], rows: usize, cancel: &CancelFlag) -> Result<ArrayRef, Diagnostic>;

    /// A `List<Float32>`.
    fn predict_proba(&self, inputs: &[ArrayRef], rows: usize, cancel: &CancelFlag) -> Result<ArrayRef, Diagnostic>;

    /// An empty evaluation of this model.
    fn evaluation(&self) -> Result<Box<dyn Evaluator>, Diagnostic>;
}

/// Collects what metrics are made from. Two collected apart can be joined.
pub trait Evaluator: Send + Sync + fmt::Debug {
    /// The names of the metrics, settled by the model's task.
    fn names(&self) -> Vec<String>;

    /// Scores rows without NULLs.
    fn update(&mut self, labels: &ArrayRef, inputs: &[ArrayRef], cancel: &CancelFlag) -> Result<(), Diagnostic>;

    /// What was collected, for `merge` elsewhere.
    fn state(&mut self) -> Result<Vec<u8>, Diagnostic>;

    fn merge(&mut self, state: &[u8]) -> Result<(), Diagnostic>;

    /// The metrics in the order of `names`; `None` for one that has no value for these rows.
    fn finish(&mut self) -> Result<Vec<Option<f64>>, Diagnostic>;

    fn memory_bytes(&self) -> usize;
}

/// A model's name as a call spells it: `model`, `schema.model`, either with `@version` behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelReference {
    pub schema: Option<String>,
    pub name: String,
    /// `None` for the version that is current.
    pub version: Option<i64>,
}

impl ModelReference {
    /// Reads a name as Postgres reads one given to regclass: parts in double quotes keep their case, others are folded.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let invalid = || {
            Diagnostic::new(sqlstate::INVALID_PARAMETER_VALUE, format!("invalid model name: \"{text}\""))
                .with_hint("a model is named as 'model', 'schema.model' or, for one of its versions, 'model@2'")
        };
        let (mut parts, rest) = parts(text).ok_or_else(invalid)?;
        let version = match rest {
            None => None,
            Some(version) => Some(version.parse().ok().filter(|version| *version > 0).ok_or_else(invalid)?),
        };
        let name = parts.pop().ok_or_else(invalid)?;
        let schema = parts.pop();
        if !parts.is_empty() {
            return Err(invalid());
        }
        Ok(Self { schema, name, version })
    }
}

impl fmt::Display for ModelReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.name)?;
        match self.version {
            Some(version) => write!(f, "@{version}"),
            None => Ok(()),
        }
    }
}

/// The dotted parts of a name, and what stands behind an `@`.
fn parts(text: &str) -> Option<(Vec<String>, Option<&str>)> {
    let mut parts = vec![];
    let mut rest = text.trim();
    loop {
        let part;
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut name = String::new();
            let mut letters = quoted.char_indices().peekable();
            let end = loop {
                match letters.next()? {
                    (_, '"') if letters.peek().is_some_and(|(_, next)| *next == '"') => {
                        letters.next();
                        name.push('"');
                    }
                    (index, '"') => break index,
                    (_, letter) => name.push(letter),
                }
            };
            rest = &quoted[end + 1..];
            part = name;
        } else {
            let end = rest.find(['.', '@', '"']).unwrap_or(rest.len());
            part = rest[..end].trim().to_lowercase();
            rest = &rest[end..];
        }
        if part.is_empty() {
            return None;
        }
        parts.push(part);
        if rest.is_empty() {
            return Some((parts, None));
        }
        if let Some(version) = rest.strip_prefix('@') {
            return Some((parts, Some(version)));
        }
        rest = rest.strip_prefix('.')?;
    }
}

/// The models of the statement that is being planned, so that all passes over its plan see the same ones.
pub(crate) struct StatementModels {
    source: Arc<dyn ModelSource>,
    planned: Mutex<Planned>,
}

#[derive(Default)]
struct Planned {
    plan_id: u64,
    models: HashMap<ModelReference, Arc<dyn Scorer>>,
}

impl StatementModels {
    pub fn new(source: Arc<dyn ModelSource>) -> Self {
        Self { source, planned: Mutex::default() }
    }

    /// The model of that name, as it was when the statement that is being planned first asked.
    pub fn named(&self, session: &dyn SessionInfo, reference: &ModelReference) -> Result<Arc<dyn Scorer>, Diagnostic> {
        let plan_id = session.plan_id();
        let mut planned = self.planned.lock();
        if planned.plan_id != plan_id {
            *planned = Planned { plan_id, models: HashMap::new() };
        }
        if let Some(model) = planned.models.get(reference) {
            return Ok(Arc::clone(model));
        }
        let model = self.source.named(reference, &session.search_path(), engine(session))?;
        planned.models.insert(reference.clone(), Arc::clone(&model));
        Ok(model)
    }

    pub fn value(&self, session: &dyn SessionInfo, bytes: &[u8]) -> Result<Arc<dyn Scorer>, Diagnostic> {
        self.source.value(bytes, engine(session))
    }
}

/// What the session lets score.
fn engine(session: &dyn SessionInfo) -> Engine {
    session.setting("inference_engine").and_then(|name| Engine::from_name(&name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_postgres_reads_them() {
        for (text, expected) in [
            ("digits", "digits"),
            ("Digits", "digits"),
            ("\"Digits\"", "Digits"),
            ("public.digits@2", "public.digits@2"),
            ("\"my.db\".\"a\"\"b\"", "my.db.a\"b"),
        ] {
            assert_eq!(ModelReference::parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", " ", ".", "a.", "a.b.c", "a@", "a@0", "a@-1", "a@x", "\"a", "\"\"", "\"a\"b", "@2"] {
            let error = ModelReference::parse(text).unwrap_err();
            assert_eq!(error.sqlstate, sqlstate::INVALID_PARAMETER_VALUE, "{text}");
        }
    }
}
