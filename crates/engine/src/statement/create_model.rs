//! CREATE MODEL: the inner query is planned as any other; its one MODEL is published, bytes first, entry last.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;
use mead_catalog::NewModel;
use mead_common::{Diagnostic, sqlstate};
use mead_ml::Model;
use mead_parser::{CreateModel, ModelSource};

use super::Runner;
use super::names::QualifiedName;
use crate::session::Execution;

/// A file larger than this is not read as a model.
const FILE_BYTES_MAX: u64 = 2 << 30;

impl Runner {
    pub(crate) async fn create_model(&self, create: &CreateModel) -> Result<Execution, Diagnostic> {
        let name = self.qualify(&create.name)?;
        let catalog = &self.engine.catalog;
        if !catalog.schema_exists(&name.schema)? {
            return Err(mead_catalog::Error::UndefinedSchema(name.schema).into());
        }
        if !create.or_replace && catalog.model(&name.schema, &name.name, None)?.is_some() {
            if create.if_not_exists {
                self.notice(format!("model \"{}\" already exists, skipping", name.name));
                return Ok(Execution::done("CREATE MODEL"));
            }
            return Err(mead_catalog::Error::DuplicateModel(name.name).into());
        }
        let bytes = match &create.source {
            ModelSource::Query(query) => {
                if let Some(option) = create.options.keys().next() {
                    return Err(Diagnostic::unsupported(format!(
                        "option \"{option}\" of CREATE MODEL is not supported"
                    ))
                    .with_hint("give options to the TRAIN function, such as TRAIN_CNN(image, label, epochs => 5)"));
                }
                self.context.set_model_name(name.name.clone());
                self.train(query).await?
            }
            ModelSource::File(location) => self.read_model(location, create)?,
        };
        self.publish_model(&name, bytes, create.or_replace)
    }

    /// The one value of the query's one row.
    async fn train(&self, query: &ast::Query) -> Result<Arc<[u8]>, Diagnostic> {
        let plan = self.plan_query(query).await?;
        let fields = plan.schema().fields();
        let is_model =
            |data_type: &DataType| matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView);
        if fields.len() != 1 || !is_model(fields[0].data_type()) {
            return Err(Diagnostic::new(
                sqlstate::DATATYPE_MISMATCH,
                "CREATE MODEL needs a query of one column of type MODEL",
            )
            .with_hint("CREATE MODEL name AS SELECT TRAIN_CNN(image, label) FROM table"));
        }
        let mut stream = self.open(&plan).await?;
        let mut model = None;
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|error| self.report(&error))?;
            for row in 0..batch.num_rows() {
                if model.is_some() {
                    return Err(Diagnostic::new(
                        sqlstate::CARDINALITY_VIOLATION,
                        "the query of CREATE MODEL gives more than one row",
                    )
                    .with_hint("keep a model a group in a table: CREATE TABLE t AS SELECT …"));
                }
                model = Some(value(batch.column(0), row)?);
            }
        }
        model
            .flatten()
            .ok_or_else(|| Diagnostic::new(sqlstate::CARDINALITY_VIOLATION, "the query of CREATE MODEL gives no model"))
    }

    fn read_model(&self, location: &str, create: &CreateModel) -> Result<Arc<[u8]>, Diagnostic> {
        let path = self.resolve_path(location)?;
        let error = |error| Diagnostic::from(mead_storage::Error::Io { path: path.clone(), source: error });
        let length = std::fs::metadata(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => mead_storage::Error::Missing(path.display().to_string()).into(),
            _ => error(source),
        })?;
        if !length.is_file() {
            return Err(Diagnostic::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("\"{}\" is not a regular file", path.display()),
            ));
        }
        if length.len() > FILE_BYTES_MAX {
            return Err(Diagnostic::new(
                sqlstate::PROGRAM_LIMIT_EXCEEDED,
                format!("file \"{}\" has {} bytes, a model may have {FILE_BYTES_MAX}", path.display(), length.len()),
            ));
        }
        let bytes: Arc<[u8]> = std::fs::read(&path).map_err(error)?.into();
        for (option, value) in &create.options {
            match option.as_str() {
                "sha256" if value.eq_ignore_ascii_case(&mead_ml::content_hash(&bytes)) => {}
                "sha256" => {
                    return Err(Diagnostic::new(
                        sqlstate::DATA_CORRUPTED,
                        format!("file \"{}\" does not have the given SHA-256", path.display()),
                    ));
                }
                _ => {
                    return Err(Diagnostic::new(
                        sqlstate::INVALID_PARAMETER_VALUE,
                        format!("unrecognized option \"{option}\" for CREATE MODEL … FROM"),
                    )
                    .with_hint("the only option is sha256"));
                }
            }
        }
        Ok(bytes)
    }

    fn publish_model(&self, name: &QualifiedName, bytes: Arc<[u8]>, replace: bool) -> Result<Execution, Diagnostic> {
        let model = Model::from_bytes(Arc::clone(&bytes))?;
        let signature = model.signature();
        let inputs: Vec<String> =
            signature.inputs.iter().map(|input| format!("{} {}", input.name, input.shape_text())).collect();
        let seed = model.metadata().training.as_ref().and_then(|training| i64::try_from(training.seed).ok());
        self.engine.catalog.publish_model(
            &NewModel {
                schema: name.schema.clone(),
                name: name.name.clone(),
                owner: self.user.name.clone(),
                bytes: bytes.to_vec(),
                task: signature.task.name().to_owned(),
                label: signature.label.as_ref().map(|label| label.name.clone()),
                label_type: signature.label.as_ref().map(|label| mead_functions::types::type_name(&label.data_type)),
                inputs: inputs.join(", "),
                query: self.source.text.clone(),
                seed,
            },
            replace,
        )?;
        Ok(Execution::done("CREATE MODEL"))
    }
}

fn value(column: &ArrayRef, row: usize) -> Result<Option<Arc<[u8]>>, Diagnostic> {
    if column.is_null(row) {
        return Ok(None);
    }
    let binary = cast(&column.slice(row, 1), &DataType::LargeBinary)
        .map_err(|error| Diagnostic::internal("a MODEL is not bytes").with_source(error))?;
    Ok(Some(binary.as_binary::<i64>().value(0).into()))
}
