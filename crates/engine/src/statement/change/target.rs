//! The table that a statement changes, and what its columns' new values are.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::sql::sqlparser::ast::{self, Ident, ObjectName, ObjectNamePart, TableFactor, TableWithJoins};
use mead_catalog::RelationKind;
use mead_common::{Diagnostic, sqlstate};
use mead_parser::{Assignment, Target, identifier_text};
use mead_storage::hive::DEFAULT;
use mead_storage::{Change, FILE, ManagedTable, ROW};

use super::Runner;
use super::build::{alias, column, ident, item, null};
use crate::plan::search_path::DATABASE;
use crate::statement::insert_literals::read_string;
use crate::statement::names::QualifiedName;

/// The schema under whose name the target's rows are found with their places. A control character keeps it out of
/// anybody's SQL.
const SCHEMA: &str = "\u{1}changed";

/// See the module's documentation.
pub(super) struct ChangeTarget {
    pub name: QualifiedName,
    /// What the statement calls the table.
    pub alias: Ident,
    pub change: Arc<Change>,
    pub columns: SchemaRef,
    /// Knows the target's rows by their places.
    pub runner: Runner,
}

impl Runner {
    /// The table that `what` changes. Where it is only `planned`, nobody waits for it.
    pub(super) async fn change_target(
        &self,
        target: &Target,
        what: &str,
        planned: bool,
    ) -> Result<ChangeTarget, Diagnostic> {
        let (name, managed, declared) = self.managed_table(&target.table, what)?;
        let change = managed.change(&declared, planned).await?;
        let columns = change.columns();
        let mut runner = self.clone();
        let shared = Arc::clone(self.state.catalog_list());
        runner.state.register_catalog_list(Arc::new(WithChanged { shared, rows: change.rows() }));
        let alias = match &target.alias {
            Some(alias) => ident(&identifier_text(alias)),
            None => ident(&name.name),
        };
        Ok(ChangeTarget { name, alias, change, columns, runner })
    }

    /// A managed table with its declared columns; an error for a relation that is none.
    pub(super) fn managed_table(
        &self,
        table: &ObjectName,
        what: &str,
    ) -> Result<(QualifiedName, ManagedTable, SchemaRef), Diagnostic> {
        let name = self.find_relation(table)?;
        let Some(relation) = self.engine.catalog.relation(&name.schema, &name.name)? else {
            return Err(crate::error::undefined_relation(&name.name));
        };
        match relation.new.kind {
            _ if relation.is_materialized() && !["OPTIMIZE", "VACUUM", "DESCRIBE HISTORY"].contains(&what) => {
                let message = format!("cannot change materialized view \"{}\"", name.name);
                Err(Diagnostic::new(sqlstate::WRONG_OBJECT_TYPE, message)
                    .with_hint("REFRESH MATERIALIZED VIEW brings its rows up to date"))
            }
            RelationKind::View => Err(Diagnostic::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{what} cannot be used with view \"{}\"", name.name),
            )),
            RelationKind::Managed if relation.new.storage.is_none() => {
                let folder = relation.new.location.clone().unwrap_or_default();
                Ok((name, ManagedTable::new(folder), Arc::clone(&relation.new.columns)))
            }
            _ => Err(Diagnostic::unsupported(format!("{what} is not supported for table \"{}\"", name.name))
                .with_detail("its rows are in files of a format that knows no changes")
                .with_hint("a transactional table is needed, which is a managed table without STORED AS")),
        }
    }
}

impl ChangeTarget {
    /// The table in FROM.
    pub fn relation(&self) -> TableWithJoins {
        let parts = [DATABASE, SCHEMA, "rows"].map(|part| ObjectNamePart::Identifier(ident(part)));
        let relation = TableFactor::Table {
            name: ObjectName(parts.to_vec()),
            alias: Some(alias(&self.alias)),
            args: None,
            with_hints: Vec::new(),
            version: None,
            with_ordinality: false,
            partitions: Vec::new(),
            json_path: None,
            sample: None,
            index_hints: Vec::new(),
        };
        TableWithJoins { relation, joins: Vec::new() }
    }

    /// The file and the place of a row, which a change's first columns are.
    pub fn places(&self) -> Vec<ast::SelectItem> {
        [FILE, ROW].map(|name| item(column(&self.alias, name), name)).to_vec()
    }

    /// The new value of each column, where it has one.
    pub fn values(&self, assignments: &[Assignment]) -> Result<Vec<Option<ast::Expr>>, Diagnostic> {
        let mut values: Vec<Option<ast::Expr>> = vec![None; self.columns.fields().len()];
        for assignment in assignments {
            let place = self.place(&assignment.column)?;
            let field = self.columns.field(place);
            if values[place].is_some() {
                return Err(Diagnostic::new(
                    sqlstate::SYNTAX_ERROR,
                    format!("multiple assignments to same column \"{}\"", assignment.column),
                ));
            }
            values[place] = Some(self.value(assignment.value.as_ref(), field)?);
        }
        Ok(values)
    }

    /// A value for a column; none is its default.
    pub fn value(&self, value: Option<&ast::Expr>, field: &Field) -> Result<ast::Expr, Diagnostic> {
        let mut value = match (value, field.metadata().get(DEFAULT)) {
            (Some(value), _) => value.clone(),
            (None, Some(text)) => default(text, self.runner.source.dialect)?,
            (None, None) => null(),
        };
        read_string(&mut value, field);
        Ok(value)
    }

    /// The place of a column.
    pub fn place(&self, name: &str) -> Result<usize, Diagnostic> {
        let fields = self.columns.fields();
        let is_hive = self.runner.source.dialect.is_hive_like();
        let found = fields.iter().position(|field| match is_hive {
            true => field.name().eq_ignore_ascii_case(name),
            false => field.name() == name,
        });
        found.ok_or_else(|| {
            let message = format!("column \"{name}\" of relation \"{}\" does not exist", self.name.name);
            let report = Diagnostic::new(sqlstate::UNDEFINED_COLUMN, message);
            match crate::error::nearest(name, fields.iter().map(|field| field.name().as_str())) {
                Some(nearest) => report.with_hint(format!("perhaps you meant the column \"{nearest}\"")),
                None => report,
            }
        })
    }

    /// Plans a query whose columns behind the first `kept` are the table's.
    pub async fn plan(&self, query: ast::Query, kept: usize) -> Result<LogicalPlan, Diagnostic> {
        let report = |error| self.runner.report(&error);
        let plan = self.runner.plan_ast(ast::Statement::Query(Box::new(query))).await?;
        let columns = plan.schema().columns();
        let mut expressions: Vec<Expr> = Vec::with_capacity(columns.len());
        for (place, source) in columns.into_iter().enumerate() {
            let field = place.checked_sub(kept).and_then(|place| self.columns.fields().get(place));
            let data_type = plan.schema().field(place).data_type().clone();
            expressions.push(match field {
                Some(field) if *field.data_type() != data_type && is_cast(&data_type, field.data_type()) => {
                    cast(Expr::Column(source), field.data_type().clone()).alias(format!("\u{1}{place}"))
                }
                _ => Expr::Column(source),
            });
        }
        LogicalPlanBuilder::from(plan).project(expressions).and_then(LogicalPlanBuilder::build).map_err(report)
    }
}

/// Text becomes a uuid where rows are written.
fn is_cast(from: &DataType, to: &DataType) -> bool {
    let is_text = matches!(from, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    !(is_text && matches!(to, DataType::FixedSizeBinary(_)))
}

/// The expression that a column's default is kept as.
fn default(text: &str, dialect: mead_common::Dialect) -> Result<ast::Expr, Diagnostic> {
    let parsed = mead_parser::parse(&format!("SELECT {text}"), dialect)?;
    if let Some(mead_parser::Statement::Query(query)) = parsed.into_iter().next().map(|parsed| parsed.statement)
        && let ast::SetExpr::Select(select) = *query.body
        && let Some(ast::SelectItem::UnnamedExpr(expr) | ast::SelectItem::ExprWithAlias { expr, .. }) =
            select.projection.into_iter().next()
    {
        return Ok(expr);
    }
    Err(Diagnostic::internal("a column's default is no expression"))
}

/// The session's catalogs, with one more schema that has the target's rows.
#[derive(Debug)]
struct WithChanged {
    shared: Arc<dyn CatalogProviderList>,
    rows: Arc<dyn TableProvider>,
}

impl CatalogProviderList for WithChanged {
    fn register_catalog(&self, _: String, _: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        self.shared.catalog_names()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        let shared = self.shared.catalog(name)?;
        Some(Arc::new(ChangedCatalog { shared, rows: Arc::clone(&self.rows) }))
    }
}

#[derive(Debug)]
struct ChangedCatalog {
    shared: Arc<dyn CatalogProvider>,
    rows: Arc<dyn TableProvider>,
}

impl CatalogProvider for ChangedCatalog {
    fn schema_names(&self) -> Vec<String> {
        self.shared.schema_names()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        match name {
            SCHEMA => Some(Arc::new(ChangedSchema(Arc::clone(&self.rows)))),
            _ => self.shared.schema(name),
        }
    }
}

struct ChangedSchema(Arc<dyn TableProvider>);

impl fmt::Debug for ChangedSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangedSchema")
    }
}

#[async_trait]
impl SchemaProvider for ChangedSchema {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, _: &str) -> datafusion::error::Result<Option<Arc<dyn TableProvider>>> {
        Ok(Some(Arc::clone(&self.0)))
    }

    fn table_exist(&self, _: &str) -> bool {
        true
    }
}
