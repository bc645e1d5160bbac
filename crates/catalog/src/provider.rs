//! The metastore as DataFusion sees it: one catalog, whose schemas are the databases.

use std::fmt;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::catalog::{CatalogProvider, MemTable, SchemaProvider, TableProvider};
use datafusion::error::{DataFusionError, Result};
use mead_common::{Diagnostic, Dialect};
use mead_storage::{AsOf, DeclaredTable, ExternalFormat, ExternalTable, ManagedTable, file_schema, text_type};

use crate::database::SYSTEM_SCHEMAS;
use crate::system::{LazyTable, ViewColumns};
use crate::warehouse::hive_table;
use crate::{Catalog, Relation, RelationKind, schema_name, system};

/// The option under which a view's entry keeps the search path that it was made under.
pub const VIEW_SEARCH_PATH: &str = "search_path";

/// The option under which a view's entry keeps the dialect that it was made in.
pub const VIEW_DIALECT: &str = "dialect";

/// What a view is.
#[derive(Debug, Clone, Copy)]
pub struct ViewDefinition<'a> {
    pub query: &'a str,
    /// Where unqualified names in it are looked up; `None` for one of mead's own views.
    pub search_path: Option<&'a str>,
    pub dialect: Dialect,
}

/// Plans a view's query; the engine does, which has the planner.
#[async_trait]
pub trait ViewPlanner: fmt::Debug + Send + Sync {
    /// A provider of the view's rows.
    async fn plan_view(&self, view: ViewDefinition<'_>) -> Result<Arc<dyn TableProvider>>;
}

/// See the module's documentation.
#[derive(Debug)]
pub struct DatabaseCatalog {
    catalog: Arc<Catalog>,
    views: OnceLock<Arc<dyn ViewPlanner>>,
    view_columns: Arc<ViewColumns>,
}

impl DatabaseCatalog {
    pub fn new(catalog: Arc<Catalog>) -> Arc<Self> {
        Arc::new(Self { catalog, views: OnceLock::new(), view_columns: Arc::default() })
    }

    /// Gives the planner of views, which itself needs this catalog. Only the first call counts.
    pub fn set_view_planner(&self, planner: Arc<dyn ViewPlanner>) {
        let _ = self.views.set(planner);
    }
}

impl CatalogProvider for DatabaseCatalog {
    fn schema_names(&self) -> Vec<String> {
        let schemas = self.catalog.schemas().unwrap_or_default();
        let system = SYSTEM_SCHEMAS.iter().map(|name| (*name).to_owned());
        schemas.into_iter().map(|(_, name, _)| name).chain(system).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let name = schema_name(name);
        match self.catalog.schema_exists(name) {
            Ok(true) => Some(Arc::new(DatabaseSchema {
                name: name.to_owned(),
                catalog: Arc::clone(&self.catalog),
                views: self.views.get().cloned(),
                view_columns: Arc::clone(&self.view_columns),
            })),
            Ok(false) => None,
            Err(error) => {
                tracing::error!(%error, "the metastore cannot be read");
                None
            }
        }
    }
}

#[derive(Debug)]
struct DatabaseSchema {
    name: String,
    catalog: Arc<Catalog>,
    views: Option<Arc<dyn ViewPlanner>>,
    view_columns: Arc<ViewColumns>,
}

impl DatabaseSchema {
    fn base_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let (true, Some(planner)) = (system::lists_views(name), &self.views) {
            let columns = Arc::clone(&self.view_columns);
            let table = LazyTable::new(name, Arc::clone(&self.catalog), Arc::clone(planner), columns)?;
            return Ok(Some(Arc::new(table)));
        }
        let Some(batch) = system::base_table(&self.catalog, name, &[])? else { return Ok(None) };
        Ok(Some(Arc::new(MemTable::try_new(batch.schema(), vec![vec![batch]])?)))
    }

    async fn view(&self, view: ViewDefinition<'_>) -> Result<Arc<dyn TableProvider>> {
        match &self.views {
            Some(planner) => planner.plan_view(view).await,
            None => Err(DataFusionError::Internal("views are planned before their planner is there".to_owned())),
        }
    }

    async fn relation(&self, relation: Relation) -> Result<Arc<dyn TableProvider>> {
        if relation.new.storage.is_some() {
            return Ok(Arc::new(hive_table(&self.catalog, &relation)?));
        }
        match relation.new.kind {
            RelationKind::View => {
                let search_path = relation.new.options.get(VIEW_SEARCH_PATH).map_or("public", String::as_str);
                let query = relation.new.definition.as_deref().unwrap_or_default();
                let dialect = relation.new.options.get(VIEW_DIALECT).and_then(|name| Dialect::parse(name));
                let dialect = dialect.unwrap_or_default();
                self.view(ViewDefinition { query, search_path: Some(search_path), dialect }).await
            }
            RelationKind::Managed => {
                let folder = relation.new.location.clone().unwrap_or_default();
                let stored = ManagedTable::new(folder).provider().await?;
                Ok(DeclaredTable::wrap(stored, &relation.new.columns, None))
            }
            RelationKind::External => {
                let table = external_table(&relation)?;
                let files = table.provider(file_schema(table.format, &relation.new.columns))?;
                Ok(DeclaredTable::wrap(files, &relation.all_columns(), Some(table.path.display().to_string())))
            }
        }
    }
}

/// Stands between a table's name and the time at which it is meant. A control character keeps it out of anybody's SQL.
const AS_OF: char = '\u{1}';

/// The name under which a schema has a table as it was.
pub fn as_of_name(name: &str, at: AsOf) -> String {
    match at {
        AsOf::Version(version) => format!("{name}{AS_OF}version={version}"),
        AsOf::Moment(micros) => format!("{name}{AS_OF}moment={micros}"),
    }
}

fn as_of(name: &str) -> Option<(&str, AsOf)> {
    let (name, at) = name.split_once(AS_OF)?;
    let at = match at.split_once('=')? {
        ("version", version) => AsOf::Version(version.parse().ok()?),
        ("moment", micros) => AsOf::Moment(micros.parse().ok()?),
        _ => return None,
    };
    Some((name, at))
}

async fn relation_as_of(relation: &Relation, at: AsOf) -> Result<Arc<dyn TableProvider>> {
    let new = &relation.new;
    if new.kind != RelationKind::Managed || new.storage.is_some() {
        let report = Diagnostic::unsupported(format!("{} \"{}\" has no versions", new.kind.noun(), new.name));
        return Err(DataFusionError::External(Box::new(report.with_hint("managed tables without STORED AS have"))));
    }
    let folder = new.location.clone().unwrap_or_default();
    let stored = ManagedTable::new(folder).provider_as_of(at, &new.name).await?;
    Ok(DeclaredTable::wrap(stored, &new.columns, None))
}

/// An external table from its entry.
pub(crate) fn external_table(relation: &Relation) -> Result<ExternalTable> {
    Ok(ExternalTable {
        format: ExternalFormat::parse(relation.new.format.as_deref().unwrap_or_default())?,
        path: relation.new.location.clone().unwrap_or_default(),
        partition_columns: partition_columns(&relation.new.partitions),
        options: relation.new.options.clone(),
        columns_declared: relation.new.columns_declared,
    })
}

fn partition_columns(schema: &SchemaRef) -> Vec<(String, DataType)> {
    schema.fields().iter().map(|field| (field.name().clone(), text_type(field.data_type()))).collect()
}

#[async_trait]
impl SchemaProvider for DatabaseSchema {
    fn table_names(&self) -> Vec<String> {
        let own = self.catalog.relations(Some(&self.name)).unwrap_or_default();
        let own = own.into_iter().map(|relation| relation.new.name);
        own.chain(system::names(&self.name).into_iter().map(str::to_owned)).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if self.name == system::BASE_SCHEMA {
            return self.base_table(name);
        }
        if let Some(query) = system::view(&self.name, name) {
            return Ok(Some(self.view(ViewDefinition { query, search_path: None, dialect: Dialect::Postgres }).await?));
        }
        if let Some((name, at)) = as_of(name) {
            return match self.catalog.relation(&self.name, name)? {
                Some(relation) => Ok(Some(relation_as_of(&relation, at).await?)),
                None => Ok(None),
            };
        }
        match self.catalog.relation(&self.name, name)? {
            Some(relation) => Ok(Some(self.relation(relation).await?)),
            None => Ok(None),
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        system::names(&self.name).contains(&name)
            || self.catalog.relation(&self.name, name).is_ok_and(|relation| relation.is_some())
    }
}
