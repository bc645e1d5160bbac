//! Files where a table may stand: `FROM READ_CSV('sales.csv', delimiter => ';')`, `READ_JSON`, `READ_PARQUET`.
//!
//! What columns a file has is known only when it is read. So before a statement is planned its calls become names of
//! tables in a catalog that no statement can spell, and that catalog has the files of this one statement.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, CatalogProviderList, SchemaProvider, TableProvider};
use datafusion::error::Result as DataFusionResult;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, TableAlias, TableFactor, UnaryOperator, Value, VisitMut,
    VisitorMut,
};
use mead_common::{Diagnostic, sqlstate};
use mead_storage::{DeclaredTable, ExternalFormat, ExternalTable, file_schema, inferred};

use super::Runner;

/// The catalog and its schema. A control character keeps it out of anybody's SQL.
const FILES: &str = "\u{1}files";

/// A call, as it was written.
struct Call {
    function: &'static str,
    format: ExternalFormat,
    path: String,
    options: BTreeMap<String, String>,
}

impl Runner {
    /// The state in which a statement is planned: the session's, and the files that the statement reads, whose calls become
    /// names.
    pub(super) async fn state_with_files<N: VisitMut>(&self, statement: &mut N) -> Result<SessionState, Diagnostic> {
        let calls = take_calls(statement)?;
        if calls.is_empty() {
            return Ok(self.state.clone());
        }
        let mut tables = HashMap::new();
        for (number, call) in calls.into_iter().enumerate() {
            tables.insert(number.to_string(), self.file_table(call).await?);
        }
        let inner = Arc::clone(self.state.catalog_list());
        let files = Arc::new(Files { tables });
        let catalogs = Arc::new(WithFiles { inner, files });
        Ok(SessionStateBuilder::new_from_existing(self.state.clone()).with_catalog_list(catalogs).build())
    }

    async fn file_table(&self, call: Call) -> Result<Arc<dyn TableProvider>, Diagnostic> {
        let table = ExternalTable {
            format: call.format,
            path: self.resolve_path(&call.path)?,
            partition_columns: Vec::new(),
            options: call.options,
            columns_declared: false,
        };
        let columns = inferred(table.infer_schema(&self.state).await?.as_ref());
        let files = table.provider(file_schema(table.format, &columns))?;
        Ok(DeclaredTable::wrap(files, &columns, Some(table.path.display().to_string())))
    }
}

/// Refuses what would be kept as text and planned by another statement.
pub(super) fn refuse_files<N: VisitMut + Clone>(query: &N, what: &str) -> Result<(), Diagnostic> {
    match take_calls(&mut query.clone())?.first() {
        Some(call) => Err(Diagnostic::unsupported(format!("{} in {what} is not supported", call.function))
            .with_hint("create an external table over the file, whose columns are then settled")),
        None => Ok(()),
    }
}

fn take_calls<N: VisitMut>(statement: &mut N) -> Result<Vec<Call>, Diagnostic> {
    let mut taker = Taker { calls: Vec::new() };
    match statement.visit(&mut taker) {
        ControlFlow::Continue(()) => Ok(taker.calls),
        ControlFlow::Break(report) => Err(report),
    }
}

struct Taker {
    calls: Vec<Call>,
}

impl VisitorMut for Taker {
    type Break = Diagnostic;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Diagnostic> {
        let TableFactor::Table { name, alias, args, .. } = factor else { return ControlFlow::Continue(()) };
        let (Some((function, format)), Some(arguments)) = (function(name), &*args) else {
            return ControlFlow::Continue(());
        };
        let call = match call(function, format, &arguments.args) {
            Ok(call) => call,
            Err(report) => return ControlFlow::Break(report),
        };
        let parts = [FILES.to_owned(), FILES.to_owned(), self.calls.len().to_string()];
        let written = name.clone();
        *name = ObjectName::from(parts.map(|part| Ident::with_quote('"', part)).to_vec());
        *args = None;
        if alias.is_none() {
            let name = written.0.into_iter().next_back().and_then(|part| part.as_ident().cloned());
            *alias = name.map(|name| TableAlias { explicit: true, name, columns: Vec::new(), at: None });
        }
        self.calls.push(call);
        ControlFlow::Continue(())
    }
}

fn function(name: &ObjectName) -> Option<(&'static str, ExternalFormat)> {
    let [part] = name.0.as_slice() else { return None };
    match part.as_ident()?.value.to_ascii_lowercase().as_str() {
        "read_csv" => Some(("READ_CSV", ExternalFormat::Csv)),
        "read_json" => Some(("READ_JSON", ExternalFormat::Json)),
        "read_parquet" => Some(("READ_PARQUET", ExternalFormat::Parquet)),
        _ => None,
    }
}

fn call(function: &'static str, format: ExternalFormat, arguments: &[FunctionArg]) -> Result<Call, Diagnostic> {
    let wrong = |what: &str| {
        Diagnostic::new(sqlstate::SYNTAX_ERROR, format!("{what} in {function}"))
            .with_hint(format!("write {function}('path') or {function}('path', option => value)"))
    };
    let mut arguments = arguments.iter();
    let path = match arguments.next() {
        Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(path))) => literal(path),
        _ => None,
    };
    let path = path.ok_or_else(|| wrong("a path is expected first"))?;
    let mut options = BTreeMap::new();
    for argument in arguments {
        let (name, value) = match argument {
            FunctionArg::Named { name, arg: FunctionArgExpr::Expr(value), .. }
            | FunctionArg::ExprNamed { name: Expr::Identifier(name), arg: FunctionArgExpr::Expr(value), .. } => {
                (name.value.to_lowercase(), literal(value).ok_or_else(|| wrong("an option that is no literal"))?)
            }
            _ => return Err(wrong("an option without a name")),
        };
        if options.insert(name.clone(), value).is_some() {
            return Err(wrong(&format!("option \"{name}\" given twice")));
        }
    }
    Ok(Call { function, format, path, options })
}

/// A literal as the text that an option of a table would be.
fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) | Value::EscapedStringLiteral(text) => {
                Some(text.clone())
            }
            Value::Number(number, _) => Some(number.to_string()),
            Value::Boolean(value) => Some(value.to_string()),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => Some(format!("-{}", literal(expr)?)),
        _ => None,
    }
}

/// The session's catalogs and the files.
#[derive(Debug)]
struct WithFiles {
    inner: Arc<dyn CatalogProviderList>,
    files: Arc<Files>,
}

impl CatalogProviderList for WithFiles {
    fn register_catalog(&self, _: String, _: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        None
    }

    fn catalog_names(&self) -> Vec<String> {
        self.inner.catalog_names()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        match name {
            FILES => Some(Arc::clone(&self.files) as Arc<dyn CatalogProvider>),
            _ => self.inner.catalog(name),
        }
    }
}

/// The files of a statement, by the numbers of their calls: a catalog of one schema.
#[derive(Debug, Clone)]
struct Files {
    tables: HashMap<String, Arc<dyn TableProvider>>,
}

impl CatalogProvider for Files {
    fn schema_names(&self) -> Vec<String> {
        vec![FILES.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        (name == FILES).then(|| Arc::new(self.clone()) as Arc<dyn SchemaProvider>)
    }
}

#[async_trait]
impl SchemaProvider for Files {
    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> DataFusionResult<Option<Arc<dyn TableProvider>>> {
        Ok(self.tables.get(name).cloned())
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }
}
