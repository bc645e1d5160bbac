//! SHOW.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{Show, Statement};

use super::Runner;
use super::describe::relation_rows;
use super::explain::{rows, text_rows};
use crate::session::settings::Settings;
use crate::session::{Execution, Session};

/// The columns of each SHOW.
pub(super) fn schema(show: &Show) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let fields = match show {
        Show::All => vec![text("name"), text("setting"), text("description")],
        Show::Columns(_) => return super::describe::table_schema(),
        Show::Databases => vec![text("name")],
        Show::Models => vec![
            text("schema"),
            text("name"),
            Field::new("version", DataType::Int64, false),
            text("task"),
            text("label"),
            text("inputs"),
        ],
        Show::Tables => vec![text("schema"), text("name"), text("kind")],
        Show::Variable(name) => vec![text(&name.to_lowercase())],
    };
    Arc::new(Schema::new(fields))
}

impl Session {
    /// SHOW of settings, which are the session's own.
    pub(crate) fn show_setting(&self, statement: &Statement) -> Result<Execution, Diagnostic> {
        let Statement::Show(show) = statement else {
            return Err(Diagnostic::internal("SHOW is expected"));
        };
        let schema = schema(show);
        let columns = match show {
            Show::Variable(name) => match self.settings.get(name) {
                Some(value) => vec![vec![value]],
                None => {
                    return Err(Diagnostic::new(
                        sqlstate::UNDEFINED_OBJECT,
                        format!("unrecognized configuration parameter \"{name}\""),
                    ));
                }
            },
            _ => {
                let all = self.settings.read(Settings::list);
                vec![
                    all.iter().map(|setting| setting.0.to_owned()).collect(),
                    all.iter().map(|setting| setting.1.clone()).collect(),
                    all.iter().map(|setting| setting.2.to_owned()).collect(),
                ]
            }
        };
        Ok(Execution::uncounted_rows(text_rows(&schema, columns)?, "SHOW"))
    }
}

impl Runner {
    pub(crate) fn show(&self, show: &Show) -> Result<Execution, Diagnostic> {
        let schema = schema(show);
        let catalog = &self.engine.catalog;
        let columns: Vec<ArrayRef> = match show {
            Show::Columns(name) => {
                let name = self.find_relation(name)?;
                return self.describe_relation(&name);
            }
            Show::Databases => {
                let names = catalog.schemas()?.into_iter().map(|(_, name, _)| name);
                vec![Arc::new(StringArray::from_iter_values(names))]
            }
            Show::Models => {
                let models: Vec<_> = catalog.model_versions()?.into_iter().filter(|model| model.is_default).collect();
                vec![
                    Arc::new(StringArray::from_iter_values(models.iter().map(|model| &model.schema))),
                    Arc::new(StringArray::from_iter_values(models.iter().map(|model| &model.name))),
                    Arc::new(Int64Array::from_iter_values(models.iter().map(|model| model.version))),
                    Arc::new(StringArray::from_iter_values(models.iter().map(|model| &model.task))),
                    Arc::new(models.iter().map(|model| model.label.clone()).collect::<StringArray>()),
                    Arc::new(StringArray::from_iter_values(models.iter().map(|model| &model.inputs))),
                ]
            }
            Show::Tables => {
                let relations = match self.settings.current_schema() {
                    Some(schema) => catalog.relations(Some(&schema))?,
                    None => Vec::new(),
                };
                vec![
                    Arc::new(StringArray::from_iter_values(relations.iter().map(|relation| &relation.new.schema))),
                    Arc::new(StringArray::from_iter_values(relations.iter().map(|relation| &relation.new.name))),
                    Arc::new(StringArray::from_iter_values(relations.iter().map(|r| r.new.kind.noun()))),
                ]
            }
            Show::All | Show::Variable(_) => return Err(Diagnostic::internal("settings are the session's")),
        };
        Ok(Execution::uncounted_rows(rows(&schema, columns)?, "SHOW"))
    }

    pub(super) fn describe_relation(&self, name: &super::names::QualifiedName) -> Result<Execution, Diagnostic> {
        let Some(relation) = self.engine.catalog.relation(&name.schema, &name.name)? else {
            return Err(crate::error::undefined_relation(&name.name));
        };
        Ok(Execution::uncounted_rows(relation_rows(&relation.all_columns())?, "DESCRIBE"))
    }
}
