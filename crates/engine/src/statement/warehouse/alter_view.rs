//! ALTER VIEW, and CREATE VIEW in Hive's form.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::sql::sqlparser::ast;
use mead_catalog::{NewRelation, RelationKind, VIEW_DIALECT, VIEW_SEARCH_PATH};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{AlterView, AlterViewAction, CreateHiveView};
use mead_storage::hive::{COMMENT, hive_field, hive_type_name};

use super::super::Runner;
use crate::session::Execution;

impl Runner {
    pub(super) async fn create_hive_view(&self, create: &CreateHiveView) -> Result<Execution, Diagnostic> {
        if !create.partitioned_on.is_empty() {
            return Err(Diagnostic::unsupported("CREATE VIEW … PARTITIONED ON is not supported")
                .with_hint("a view is as its tables are partitioned without it"));
        }
        let name = match create.temporary {
            true => self.qualify_temporary(&create.name)?,
            false => self.qualify(&create.name)?,
        };
        if create.if_not_exists && self.engine.catalog.relation(&name.schema, &name.name)?.is_some() {
            self.notice(format!("relation \"{}\" already exists, skipping", name.name));
            return Ok(Execution::done("CREATE VIEW"));
        }
        let (columns, definition) = self.view_of(&create.columns, &create.query).await?;
        let relation = NewRelation {
            schema: name.schema,
            name: name.name,
            kind: RelationKind::View,
            owner: self.user.name.clone(),
            columns: Arc::new(columns),
            partitions: Arc::new(Schema::empty()),
            format: None,
            location: None,
            options: self.view_options(),
            columns_declared: !create.columns.is_empty(),
            definition: Some(definition),
            comment: create.comment.clone(),
            properties: create.properties.clone(),
            storage: None,
        };
        self.publish(&relation, create.or_replace)?;
        Ok(Execution::done("CREATE VIEW"))
    }

    pub(super) async fn alter_view(&self, alter: &AlterView) -> Result<Execution, Diagnostic> {
        let relation = self.relation_named(&alter.name)?;
        if relation.new.kind != RelationKind::View {
            return Err(mead_catalog::Error::WrongKind { kind: "view", name: relation.new.name }.into());
        }
        match &alter.action {
            AlterViewAction::Rename(name) => self.rename_relation(&relation, name)?,
            AlterViewAction::SetProperties(properties) => self.set_properties(&relation, None, properties)?,
            AlterViewAction::UnsetProperties { if_exists, keys } => self.unset(&relation, None, *if_exists, keys)?,
            AlterViewAction::Query { columns, query } => {
                let (fields, definition) = self.view_of(columns, query).await?;
                let new = NewRelation {
                    columns: Arc::new(fields),
                    columns_declared: !columns.is_empty(),
                    definition: Some(definition),
                    options: self.view_options(),
                    ..relation.new.clone()
                };
                self.engine.catalog.alter_relation(&relation, &new)?;
            }
        }
        Ok(Execution::done("ALTER VIEW"))
    }

    fn view_options(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (VIEW_SEARCH_PATH.to_owned(), self.settings.get("search_path").unwrap_or_default()),
            (VIEW_DIALECT.to_owned(), self.source.dialect.name().to_owned()),
        ])
    }

    /// The columns of a view and the text of its query, which is planned once, to know them and its errors.
    async fn view_of(
        &self,
        named: &[(String, Option<String>)],
        query: &ast::Query,
    ) -> Result<(Schema, String), Diagnostic> {
        if !self.parameters.is_empty() {
            return Err(Diagnostic::new(sqlstate::UNDEFINED_PARAMETER, "a view cannot have parameters"));
        }
        let plan = self.plan_query(query).await?;
        let fields = plan.schema().fields();
        if !named.is_empty() && named.len() != fields.len() {
            return Err(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                format!("{} column names given, the query has {} columns", named.len(), fields.len()),
            ));
        }
        let mut columns: Vec<Field> = Vec::with_capacity(fields.len());
        for (place, field) in fields.iter().enumerate() {
            let (name, comment) = match named.get(place) {
                Some((name, comment)) => (name.clone(), comment.clone()),
                None => (mead_parser::column_name(field.name()).to_lowercase(), None),
            };
            let mut metadata = field.metadata().clone();
            metadata.extend(hive_field(&name, &hive_type_name(field))?.metadata().clone());
            metadata.extend(comment.map(|comment| (COMMENT.to_owned(), comment)));
            columns.push(Field::new(name, field.data_type().clone(), true).with_metadata(metadata));
        }
        super::columns::check_names(&columns)?;
        let names: Vec<String> = named.iter().map(|(name, _)| name.clone()).collect();
        let definition = self.definition(query, &names, &columns);
        Ok((Schema::new(columns), definition))
    }
}
