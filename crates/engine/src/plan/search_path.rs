//! Unqualified names: looked up among the session's temporary tables, in the schemas of `search_path`, then in `pg_catalog`.
//!
//! DataFusion resolves an unqualified name in one default schema. That schema is a view over the session's path, under a
//! name that no statement can spell.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::error::Result;

use mead_common::Dialect;

use super::hive::any_case::AnyCase;
use super::session_schema::{self, SessionSchema};
use super::time_travel::Travelling;
use crate::session::info::Info;

/// The name of the one catalog, which is the Postgres database.
pub(crate) const DATABASE: &str = "default";

/// DataFusion's default schema: the search path. A control character keeps it out of anybody's SQL.
pub(crate) const SEARCH_PATH: &str = "\u{1}search_path";

/// The session's catalogs: the shared one, seen through the session's search path.
#[derive(Debug)]
pub(crate) struct SessionCatalogList {
    shared: Arc<dyn CatalogProvider>,
    info: Arc<Info>,
    dialect: Dialect,
}

impl SessionCatalogList {
    pub(crate) fn new(shared: Arc<dyn CatalogProvider>, info: Arc<Info>, dialect: Dialect) -> Self {
        Self { shared, info, dialect }
    }
}

impl CatalogProviderList for SessionCatalogList {
    fn register_catalog(&self, _: String, _: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        vec![DATABASE.to_owned()]
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        (name == DATABASE).then(|| {
            let (shared, info) = (Arc::clone(&self.shared), Arc::clone(&self.info));
            Arc::new(SessionCatalog { shared, info, dialect: self.dialect }) as Arc<dyn CatalogProvider>
        })
    }
}

#[derive(Debug)]
struct SessionCatalog {
    shared: Arc<dyn CatalogProvider>,
    info: Arc<Info>,
    dialect: Dialect,
}

impl CatalogProvider for SessionCatalog {
    fn schema_names(&self) -> Vec<String> {
        self.shared.schema_names()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if name == session_schema::SCHEMA {
            let shared = self.shared.schema(name)?;
            return Some(Arc::new(SessionSchema::new(shared, Arc::clone(&self.info))));
        }
        let temporary = self.info.settings.temporary_schema();
        if mead_catalog::is_temporary_schema(name) && temporary != Some(name) {
            return None;
        }
        if name != SEARCH_PATH {
            let shared = self.shared.schema(name)?;
            let schema: Arc<dyn SchemaProvider> = Arc::new(Travelling::new(shared, Arc::clone(&self.info)));
            return Some(if self.dialect.is_hive_like() { Arc::new(AnyCase(schema)) } else { schema });
        }
        let path = self.info.settings.search_path();
        // Temporary tables shadow others.
        let schemas = temporary.into_iter().chain(path.iter().map(String::as_str)).chain([session_schema::SCHEMA]);
        Some(Arc::new(SearchPath(schemas.filter_map(|name| self.schema(name)).collect())))
    }
}

/// The first schema that has a name gives it.
#[derive(Debug)]
struct SearchPath(Vec<Arc<dyn SchemaProvider>>);

#[async_trait]
impl SchemaProvider for SearchPath {
    fn table_names(&self) -> Vec<String> {
        self.0.iter().flat_map(|schema| schema.table_names()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        for schema in &self.0 {
            if let Some(table) = schema.table(name).await? {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.iter().any(|schema| schema.table_exist(name))
    }
}
