//! CREATE [OR REPLACE] VIEW.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::sql::sqlparser::ast;
use mead_catalog::{NewRelation, RelationKind, VIEW_DIALECT, VIEW_SEARCH_PATH};
use mead_common::{Diagnostic, sqlstate};
use mead_parser::identifier_text;

use super::Runner;
use super::read_files::refuse_files;
use crate::session::Execution;

impl Runner {
    /// The query is planned once, to know its columns and its errors, and kept as text.
    pub(crate) async fn create_view(&self, create: &ast::CreateView) -> Result<Execution, Diagnostic> {
        let name = self.qualify(&create.name)?;
        if create.if_not_exists && self.engine.catalog.relation(&name.schema, &name.name)?.is_some() {
            self.notice(format!("relation \"{}\" already exists, skipping", name.name));
            return Ok(Execution::done("CREATE VIEW"));
        }
        if !self.parameters.is_empty() {
            return Err(Diagnostic::new(sqlstate::UNDEFINED_PARAMETER, "a view cannot have parameters"));
        }
        refuse_files(&create.query, "a view")?;
        let plan = self.plan_query(&create.query).await?;
        let fields = plan.schema().fields();
        let names: Vec<String> = create.columns.iter().map(|column| identifier_text(&column.name)).collect();
        if names.len() > fields.len() {
            return Err(Diagnostic::new(
                sqlstate::SYNTAX_ERROR,
                "CREATE VIEW specifies more column names than columns",
            ));
        }
        let renamed = |(index, field): (usize, &Arc<Field>)| match names.get(index) {
            Some(name) => field.as_ref().clone().with_name(name),
            None => field.as_ref().clone(),
        };
        let columns: Vec<Field> = fields.iter().enumerate().map(renamed).collect();
        let definition = self.definition(&create.query, &names, &columns);
        let relation = NewRelation {
            schema: name.schema,
            name: name.name,
            kind: RelationKind::View,
            owner: self.user.name.clone(),
            columns: Arc::new(Schema::new(columns)),
            partitions: Arc::new(Schema::empty()),
            format: None,
            location: None,
            options: BTreeMap::from([
                (VIEW_SEARCH_PATH.to_owned(), self.settings.get("search_path").unwrap_or_default()),
                (VIEW_DIALECT.to_owned(), self.source.dialect.name().to_owned()),
            ]),
            columns_declared: !names.is_empty(),
            definition: Some(definition),
            comment: create.comment.clone(),
            properties: BTreeMap::new(),
            storage: None,
        };
        self.publish(&relation, create.or_replace)?;
        Ok(Execution::done("CREATE VIEW"))
    }

    /// The query's text, with the view's own column names around it if it has any.
    pub(super) fn definition(&self, query: &ast::Query, names: &[String], columns: &[Field]) -> String {
        let dialect = self.source.dialect;
        // The tree of a query of Hive's has become another one; its text has not.
        let written = dialect.is_hive_like().then(|| mead_parser::query_of_view(&self.source.text, dialect)).flatten();
        let text = written.unwrap_or_else(|| query.to_string());
        if names.is_empty() {
            return text;
        }
        let quote = if dialect.is_hive_like() { '`' } else { '"' };
        let quoted = |column: &Field| {
            let name = column.name().replace(quote, &format!("{quote}{quote}"));
            format!("{quote}{name}{quote}")
        };
        let quoted: Vec<String> = columns.iter().map(quoted).collect();
        format!("SELECT * FROM ({text}) AS view ({})", quoted.join(", "))
    }
}
