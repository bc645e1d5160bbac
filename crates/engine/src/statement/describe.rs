//! DESCRIBE a table, a query, a model.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use mead_common::{Diagnostic, Dialect};
use mead_ml::Model;
use mead_parser::Describe;

use super::Runner;
use super::explain::{rows, text_rows};
use crate::session::Execution;

pub(super) fn table_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("column", DataType::Utf8, false),
        Field::new("type", DataType::Utf8, false),
        Field::new("nullable", DataType::Boolean, false),
    ]))
}

pub(super) fn model_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("property", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, false),
    ]))
}

/// A row for each column.
pub(super) fn relation_rows(schema: &Schema) -> Result<SendableRecordBatchStream, Diagnostic> {
    let fields = schema.fields();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(fields.iter().map(|field| field.name()))),
        Arc::new(StringArray::from_iter_values(fields.iter().map(|field| mead_functions::types::sql_name(field)))),
        Arc::new(BooleanArray::from_iter(fields.iter().map(|field| Some(field.is_nullable())))),
    ];
    rows(&table_schema(), columns)
}

impl Runner {
    pub(crate) async fn describe_object(&self, describe: &Describe) -> Result<Execution, Diagnostic> {
        match describe {
            Describe::History(table) => self.describe_history(table).await,
            Describe::Query(query) => {
                let plan = self.plan_query(query).await?;
                // Types as they are, not as they are shown.
                let columns = super::query::shown(plan.schema().inner(), Dialect::Postgres);
                Ok(Execution::uncounted_rows(relation_rows(&columns)?, "DESCRIBE"))
            }
            Describe::Table(name) => self.describe_relation(&self.find_relation(name)?),
            Describe::Model { name, version } => {
                let name = self.find_model(name)?;
                let version = version.map(|version| i64::try_from(version).unwrap_or(i64::MAX));
                self.describe_model(&name.schema, &name.name, version)
            }
        }
    }

    fn describe_model(&self, schema: &str, name: &str, version: Option<i64>) -> Result<Execution, Diagnostic> {
        let catalog = &self.engine.catalog;
        let Some(found) = catalog.model(schema, name, version)? else {
            return Err(self.undefined_model(schema, name, version)?.into());
        };
        let model = Model::from_bytes(catalog.model_bytes(&found)?)?;
        let signature = model.signature();
        let metadata = model.metadata();
        let mut properties = vec![
            ("name", format!("{schema}.{name}")),
            ("version", found.version.to_string()),
            ("task", found.task.clone()),
            ("inputs", found.inputs.clone()),
        ];
        if let Some(label) = &signature.label {
            let label_type = mead_functions::types::type_name(&label.data_type);
            properties.push(("label", format!("{} {label_type}", label.name)));
            if let Some(classes) = &label.classes {
                let texts: Result<Vec<String>, _> = (0..classes.len())
                    .map(|row| datafusion::arrow::util::display::array_value_to_string(classes, row))
                    .collect();
                let texts =
                    texts.map_err(|error| Diagnostic::internal("classes cannot be shown").with_source(error))?;
                properties.push(("classes", texts.join(", ")));
            }
        }
        if !signature.feature_names.is_empty() {
            properties.push(("features", signature.feature_names.join(", ")));
        }
        properties.push(("parameters", metadata.parameters.to_string()));
        if let Some(training) = &metadata.training {
            properties.push(("layers", training.layers.join(", ")));
            properties.push(("optimizer", format!("{}, learning_rate {}", training.optimizer, training.learning_rate)));
            properties.push(("loss", training.loss.clone()));
            properties.push(("epochs", training.epochs.to_string()));
            properties.push(("batch_size", training.batch_size.to_string()));
            properties.push(("seed", training.seed.to_string()));
            properties.push(("rows", training.rows.to_string()));
            if let Some(last) = training.history.last() {
                properties.push(("final loss", format!("{:.6}", last.loss)));
                if let Some(accuracy) = last.accuracy {
                    properties.push(("final accuracy", format!("{accuracy:.4}")));
                }
            }
        }
        properties.push(("bytes", found.bytes.to_string()));
        properties.push(("sha256", found.hash.clone()));
        properties.push(("query", found.query.clone()));
        let (names, values) = properties.into_iter().map(|(name, value)| (name.to_owned(), value)).unzip();
        Ok(Execution::uncounted_rows(text_rows(&model_schema(), vec![names, values])?, "DESCRIBE"))
    }
}
