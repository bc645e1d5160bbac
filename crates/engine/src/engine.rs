//! One open data directory: catalog, memory, threads, caches; shared by all sessions.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, TableProvider};
use datafusion::datasource::ViewTable;
use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::planner::{ExprPlanner, RelationPlanner};
use datafusion::optimizer::{Analyzer, AnalyzerRule};
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement as DataFusionStatement;
use datafusion::sql::sqlparser::ast;
use mead_catalog::{Catalog, DatabaseCatalog, ViewDefinition, ViewPlanner};
use mead_common::{CancelReason, Diagnostic, Dialect, Notice, sqlstate};
use mead_functions::{FunctionContext, NamedArguments};
use mead_parser::Statement;
use mead_storage::PathPolicy;
use parking_lot::Mutex;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::mpsc;

use crate::config::EngineConfig;
use crate::error::into_datafusion;
use crate::execution::ActiveStatements;
use crate::models::Models;
use crate::operator::generate::GeneratePlanner;
use crate::operator::train::TrainPlanner;
use crate::operator::transform::TransformPlanner;
use crate::operator::unordered::{UnorderedPlanner, UnorderedSets};
use crate::optimizer::{
    CheckedArithmetic, CorrelatedNotIn, FileNames, HiveCasts, HiveTypes, Json, LargeRows, LiftTraining, Literals,
    PostgresCasts, PruneEmpty, SignedOperands, SingleRowCrossJoin, SingleValueSubquery, YieldingJoins, small_sums,
};
use crate::plan::function_list::{function_list, with_other_dialects};
use crate::plan::hive::lateral_view::LateralViewPlanner;
use crate::plan::hive::operator::HivePlanner;
use crate::plan::hive::sample::SamplePlanner;
use crate::plan::hive::sql_type::HiveTypes as HiveSqlTypes;
use crate::plan::hive::transform::runs_program;
use crate::plan::literal::LiteralPlanner;
use crate::plan::routine::expand;
use crate::plan::search_path::{DATABASE, SEARCH_PATH, SessionCatalogList};
use crate::plan::sql_type::SqlTypes;
use crate::plan::table_function::TableFunctionPlanner;
use crate::session::info::Info;
use crate::session::{ConnectOptions, Session, SharedSettings, User};
use crate::statement::routine::find_routine;
use crate::statement::runner::{complete_calls, signed};

/// How many notices may wait for a client.
const NOTICES_AHEAD: usize = 256;

/// The stack of threads that parse and plan. Trees of expressions are copied and dropped by recursion; the parser bounds
/// their depth so that this is enough. Only what is touched takes memory.
pub const THREAD_STACK_BYTES: usize = 64 << 20;

/// Bytes of models that are kept ready for scoring.
const INFERENCE_BYTES: usize = 512 << 20;

/// How long a stopping server waits for its statements to end.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// One open data directory, shared by all sessions.
pub struct Engine {
    pub(crate) config: EngineConfig,
    pub(crate) catalog: Arc<Catalog>,
    models: Arc<Models>,
    pub(crate) paths: PathPolicy,
    database: Arc<DatabaseCatalog>,
    environment: Arc<RuntimeEnv>,
    runtime: Mutex<Option<Runtime>>,
    handle: Handle,
    sessions: Mutex<Vec<Weak<ActiveStatements>>>,
    next_pid: AtomicI32,
    trainings: Arc<AtomicUsize>,
    system_state: OnceLock<SessionState>,
}

impl Engine {
    /// Opens a data directory, and makes it if it is not there.
    pub async fn open(config: EngineConfig) -> Result<Arc<Engine>, Diagnostic> {
        let folder = config.data_dir.clone();
        let catalog = tokio::task::spawn_blocking(move || Catalog::open(&folder))
            .await
            .map_err(|error| Diagnostic::internal("opening the data directory failed").with_source(error))??;
        let paths = PathPolicy::new(&config.allowed_paths)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(config.cpu_threads.max(1))
            .thread_name("mead-query")
            .thread_stack_size(THREAD_STACK_BYTES)
            .enable_all()
            .build()
            .map_err(|error| Diagnostic::internal("could not start the query threads").with_source(error))?;
        let handle = runtime.handle().clone();
        let environment = environment(&config, catalog.folder().join("tmp"))?;
        let database = DatabaseCatalog::new(Arc::clone(&catalog));
        mead_ml::limit_memory(config.memory_limit_bytes);
        let models = Models::new(Arc::clone(&catalog), INFERENCE_BYTES);
        let engine = Arc::new(Self {
            config,
            models,
            paths,
            database: Arc::clone(&database),
            environment,
            runtime: Mutex::new(Some(runtime)),
            handle,
            sessions: Mutex::new(Vec::new()),
            next_pid: AtomicI32::new(1),
            trainings: Arc::default(),
            system_state: OnceLock::new(),
            catalog,
        });
        database.set_view_planner(Arc::new(Views { engine: Arc::downgrade(&engine) }));
        let info = Info::new(SharedSettings::new(), "mead".to_owned(), 0);
        let others = [Dialect::Hive, Dialect::Spark].map(|dialect| engine.session_state(&info, dialect));
        let [hive, spark] = others;
        let own = function_list(&engine.view_state(None, Dialect::Postgres)?);
        engine.catalog.set_functions(with_other_dialects(own, [("hive", &hive?), ("spark", &spark?)]));
        Ok(engine)
    }

    /// The SCRAM-SHA-256 verifier of a role in PostgreSQL's form, if the role may log in and has a password.
    pub fn scram_verifier(&self, role: &str) -> Result<Option<String>, Diagnostic> {
        let role = self.catalog.role(role)?;
        Ok(role.filter(|role| role.login).and_then(|role| role.verifier))
    }

    /// True when at least one role can log in with a password.
    pub fn has_passwords(&self) -> Result<bool, Diagnostic> {
        Ok(self.catalog.roles()?.iter().any(|role| role.login && role.verifier.is_some()))
    }

    /// Makes a role, or changes it to be as given: users of the configuration file.
    pub fn ensure_role(&self, name: &str, superuser: bool, verifier: &str) -> Result<(), Diagnostic> {
        match self.catalog.role(name)? {
            Some(_) => Ok(self.catalog.alter_role(name, Some(superuser), Some(true), Some(Some(verifier)))?),
            None => Ok(self.catalog.create_role(name, superuser, true, Some(verifier))?),
        }
    }

    /// Opens a session; 3D000 for an unknown database, 28000 for an unknown role. Notices of the session's statements
    /// arrive at the receiver, while they run.
    pub async fn connect(
        self: &Arc<Self>,
        options: ConnectOptions,
    ) -> Result<(Session, mpsc::Receiver<Notice>), Diagnostic> {
        if !options.database.is_empty() && options.database != DATABASE {
            return Err(Diagnostic::new(
                sqlstate::INVALID_CATALOG_NAME,
                format!("database \"{}\" does not exist", options.database),
            )
            .with_hint(format!(
                "connect to \"{DATABASE}\"; its databases are schemas, which USE or search_path chooses"
            )));
        }
        let role = self.catalog.role(&options.user)?.filter(|role| role.login).ok_or_else(|| {
            Diagnostic::new(
                sqlstate::INVALID_AUTHORIZATION_SPECIFICATION,
                format!("role \"{}\" does not exist", options.user),
            )
            .with_hint("the superuser is called \"mead\"")
        })?;
        let user = User { name: role.name, superuser: role.superuser };
        let settings = SharedSettings::new();
        settings.write(|settings| {
            settings.set_at_start("session_authorization", &user.name);
            settings.set_at_start("is_superuser", if user.superuser { "on" } else { "off" });
        });
        for (name, value) in &self.catalog.role_settings(&user.name)? {
            // As in PostgreSQL, a setting that cannot be does not keep its role out.
            if let Err(error) = settings.set(name, value) {
                tracing::warn!(
                    role = user.name,
                    setting = name,
                    error = error.message,
                    "a role's setting was passed over"
                );
            }
        }
        for (name, value) in &options.settings {
            settings.set(name, value)?;
        }
        settings.write(crate::session::settings::Settings::fix_start);
        let pid = self.next_pid.fetch_add(1, Ordering::Relaxed);
        settings.name_temporary_schema(pid);
        let info = Info::new(settings.clone(), user.name.clone(), pid);
        let state = self.session_state(&info, settings.dialect())?;
        let active = Arc::new(ActiveStatements::default());
        {
            let mut sessions = self.sessions.lock();
            sessions.retain(|session| session.strong_count() > 0);
            sessions.push(Arc::downgrade(&active));
        }
        let (sender, receiver) = mpsc::channel(NOTICES_AHEAD);
        Ok((Session::new(Arc::clone(self), user, settings, info, state, sender, active), receiver))
    }

    /// Cancels all statements and waits until they have ended.
    pub async fn shutdown(&self) {
        let sessions: Vec<_> = self.sessions.lock().iter().filter_map(Weak::upgrade).collect();
        for session in &sessions {
            session.cancel(CancelReason::Shutdown);
        }
        let idle = async {
            let at_work =
                || sessions.iter().any(|session| !session.is_idle()) || self.trainings.load(Ordering::Acquire) > 0;
            while at_work() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(SHUTDOWN_GRACE, idle).await.is_err() {
            tracing::warn!("statements were still running after {SHUTDOWN_GRACE:?}");
        }
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
    }

    /// The reference page of mead's functions, in Markdown.
    pub fn function_reference(&self) -> String {
        let info = Info::new(SharedSettings::new(), "mead".to_owned(), 0);
        mead_functions::reference_markdown(&self.functions(&info))
    }

    /// The same of those that sessions in the dialects hive and spark have.
    pub fn hive_function_reference(&self) -> String {
        let info = Info::new(SharedSettings::new(), "mead".to_owned(), 0);
        mead_functions::hive_reference_markdown(&self.functions(&info))
    }

    /// The threads that plans run on.
    pub(crate) fn runtime(&self) -> Handle {
        self.handle.clone()
    }

    /// A session's state for statements of a dialect: its functions, its catalog as its search path sees it, our planners and
    /// rules.
    pub(crate) fn session_state(
        self: &Arc<Self>,
        info: &Arc<Info>,
        dialect: Dialect,
    ) -> Result<SessionState, Diagnostic> {
        let functions = self.functions(info);
        let shared: Arc<dyn CatalogProvider> = Arc::clone(&self.database) as _;
        let planner = QueryPlanner {
            train: Arc::new(TrainPlanner::new(
                Arc::clone(&self.catalog),
                self.config.cpu_threads,
                Arc::clone(&self.trainings),
            )),
        };
        let mut builder = SessionStateBuilder::new()
            .with_default_features()
            .with_config(self.session_config(dialect).with_extension(Arc::new(NamedArguments::new(&functions))))
            .with_runtime_env(Arc::clone(&self.environment))
            .with_catalog_list(Arc::new(SessionCatalogList::new(shared, Arc::clone(info), dialect)))
            .with_query_planner(Arc::new(planner))
            .with_relation_planners(self.relation_planners(dialect, info, &functions))
            .with_type_planner(if dialect.is_hive_like() {
                Arc::new(HiveSqlTypes) as _
            } else {
                Arc::new(SqlTypes) as _
            })
            .with_analyzer_rules(analyzer_rules(dialect))
            .with_optimizer_rule(Arc::new(LiftTraining))
            .with_optimizer_rule(Arc::new(UnorderedSets))
            .with_physical_optimizer_rule(Arc::new(SingleRowCrossJoin))
            .with_physical_optimizer_rule(Arc::new(LargeRows))
            .with_physical_optimizer_rule(Arc::new(YieldingJoins));
        let planners = builder.expr_planners().get_or_insert_default();
        let own: Vec<Arc<dyn ExprPlanner>> = match dialect {
            Dialect::Postgres => vec![Arc::new(SqlTypes), Arc::new(LiteralPlanner)],
            Dialect::Hive | Dialect::Spark => vec![Arc::new(HivePlanner(dialect))],
        };
        planners.splice(0..0, own);
        let mut state = builder.build();
        mead_functions::register(&functions, &mut state)
            .and_then(|()| mead_functions::register_dialect(dialect, &functions, &mut state))
            .map_err(|error| crate::diagnostic_of(&error))?;
        Ok(state)
    }

    /// Relations that are none of DataFusion's.
    fn relation_planners(
        &self,
        dialect: Dialect,
        info: &Arc<Info>,
        functions: &Arc<FunctionContext>,
    ) -> Vec<Arc<dyn RelationPlanner>> {
        let functions = TableFunctionPlanner::new(Arc::clone(functions), Arc::clone(&self.models));
        match dialect {
            Dialect::Postgres => vec![Arc::new(functions)],
            Dialect::Hive | Dialect::Spark => {
                let samples = SamplePlanner { dialect, catalog: Arc::clone(&self.catalog), info: Arc::clone(info) };
                vec![Arc::new(samples), Arc::new(LateralViewPlanner(dialect)), Arc::new(functions)]
            }
        }
    }

    /// The state that views are planned with: the superuser's, with default settings and the search path that the view was made
    /// under. A user's view may ask for models, whose names are resolved once a state; the system's views, which have no
    /// path of their own, do not, and share one.
    pub(crate) fn view_state(
        self: &Arc<Self>,
        search_path: Option<&str>,
        dialect: Dialect,
    ) -> Result<SessionState, Diagnostic> {
        if let (None, Some(state)) = (search_path, self.system_state.get()) {
            return Ok(state.clone());
        }
        let settings = SharedSettings::new();
        if let Some(path) = search_path {
            settings.set("search_path", path)?;
        }
        let info = Info::new(settings.clone(), "mead".to_owned(), 0);
        let state = self.session_state(&info, dialect)?;
        Ok(match search_path {
            Some(_) => state,
            None => self.system_state.get_or_init(|| state).clone(),
        })
    }

    /// What a session's functions know.
    pub(crate) fn functions(&self, info: &Arc<Info>) -> Arc<FunctionContext> {
        FunctionContext::new(Arc::clone(&self.catalog), Arc::clone(&self.models) as _, Arc::clone(info) as _)
    }

    /// What all statements together hold.
    pub(crate) fn memory_pool(&self) -> Arc<dyn MemoryPool> {
        Arc::clone(&self.environment.memory_pool)
    }

    /// Memory, disk and caches of all statements.
    pub(crate) fn environment(&self) -> Arc<RuntimeEnv> {
        Arc::clone(&self.environment)
    }

    fn session_config(&self, dialect: Dialect) -> SessionConfig {
        let mut config = SessionConfig::new()
            .with_default_catalog_and_schema(DATABASE, SEARCH_PATH)
            .with_create_default_catalog_and_schema(false)
            .with_information_schema(false)
            .with_target_partitions(self.config.cpu_threads.max(1));
        let options = config.options_mut();
        // The type of now(): timestamptz, whatever zone it is shown in.
        options.execution.time_zone = Some("UTC".to_owned());
        options.sql_parser.collect_spans = true;
        options.sql_parser.parse_float_as_decimal = true;
        options.sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
        if dialect.is_hive_like() {
            // NULLs are less than all else in Spark, and more than all else in Hive (hive.default.nulls.last).
            let order = if dialect == Dialect::Spark { "nulls_min" } else { "nulls_max" };
            options.sql_parser.default_null_ordering = order.to_owned();
            // SORT BY in a subquery settles what collect_list gives outside of it.
            options.sql_parser.enable_subquery_sort_elimination = false;
            options.sql_parser.map_string_types_to_utf8view = false;
        }
        options.execution.listing_table_ignore_subdirectory = false;
        options.execution.parquet.pushdown_filters = true;
        config
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
    }
}

/// DataFusion's rules between ours: theirs check whether subqueries can be planned, and put casts in.
fn analyzer_rules(dialect: Dialect) -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let (typed, last): (Arc<dyn AnalyzerRule + Send + Sync>, Vec<Arc<dyn AnalyzerRule + Send + Sync>>) = match dialect {
        Dialect::Postgres => (Arc::new(Literals), vec![Arc::new(PostgresCasts), Arc::new(CheckedArithmetic)]),
        Dialect::Hive | Dialect::Spark => (Arc::new(HiveTypes(dialect)), vec![Arc::new(HiveCasts(dialect))]),
    };
    let ours: [Arc<dyn AnalyzerRule + Send + Sync>; 7] = [
        Arc::new(FileNames),
        Arc::new(Json),
        typed,
        Arc::new(PruneEmpty),
        Arc::new(SingleValueSubquery),
        Arc::new(CorrelatedNotIn),
        Arc::new(SignedOperands),
    ];
    ours.into_iter().chain(Analyzer::new().rules).chain(last).collect()
}

fn environment(config: &EngineConfig, temporary: PathBuf) -> Result<Arc<RuntimeEnv>, Diagnostic> {
    let few = std::num::NonZeroUsize::new(5).unwrap_or(std::num::NonZeroUsize::MIN);
    let pool = TrackConsumersPool::new(FairSpillPool::new(config.memory_limit_bytes), few);
    let environment = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_temp_file_path(temporary)
        // Files may be added to a folder at any time: a listing that is kept would hide them.
        .with_cache_manager(CacheManagerConfig::default().with_list_files_cache_limit(0))
        .build_arc()
        .map_err(|error| crate::diagnostic_of(&error))?;
    mead_storage::register_object_stores(environment.object_store_registry.as_ref())?;
    Ok(environment)
}

/// DataFusion's planner, with our operators.
#[derive(Debug)]
struct QueryPlanner {
    train: Arc<TrainPlanner>,
}

#[async_trait]
impl datafusion::execution::context::QueryPlanner for QueryPlanner {
    async fn create_physical_plan(
        &self,
        plan: &datafusion::logical_expr::LogicalPlan,
        state: &dyn datafusion::catalog::Session,
    ) -> datafusion::error::Result<Arc<dyn datafusion::physical_plan::ExecutionPlan>> {
        let extensions: Vec<Arc<dyn ExtensionPlanner + Send + Sync>> = vec![
            Arc::clone(&self.train) as _,
            Arc::new(GeneratePlanner),
            Arc::new(TransformPlanner),
            Arc::new(UnorderedPlanner),
        ];
        DefaultPhysicalPlanner::with_extension_planners(extensions).create_physical_plan(plan, state).await
    }
}

/// Plans views for the catalog, as a session of the superuser with default settings would.
struct Views {
    engine: Weak<Engine>,
}

impl std::fmt::Debug for Views {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Views")
    }
}

#[async_trait]
impl ViewPlanner for Views {
    async fn plan_view(&self, view: ViewDefinition<'_>) -> datafusion::error::Result<Arc<dyn TableProvider>> {
        let depth = VIEW_DEPTH.try_with(|depth| *depth).unwrap_or(0);
        if depth == VIEW_DEPTH_MAX {
            return Err(into_datafusion(Diagnostic::new(
                sqlstate::INVALID_OBJECT_DEFINITION,
                "infinite recursion detected in the definition of a view",
            )));
        }
        VIEW_DEPTH.scope(depth + 1, Box::pin(self.plan_one(view))).await
    }
}

tokio::task_local! {
    /// How many views the one that is being planned stands in.
    static VIEW_DEPTH: usize;
}

/// Views in views, beyond which one is taken to be defined by itself.
const VIEW_DEPTH_MAX: usize = 64;

impl Views {
    async fn plan_one(&self, view: ViewDefinition<'_>) -> datafusion::error::Result<Arc<dyn TableProvider>> {
        let engine = self.engine.upgrade().ok_or_else(|| into_datafusion(CancelReason::Shutdown.diagnostic()))?;
        let definition = view.query;
        let state = engine.view_state(view.search_path, view.dialect).map_err(into_datafusion)?;
        let parsed =
            mead_parser::parse(definition, view.dialect).map_err(|error| into_datafusion(Diagnostic::from(error)))?;
        let Some(Statement::Query(query)) = parsed.into_iter().next().map(|parsed| parsed.statement) else {
            return Err(into_datafusion(Diagnostic::internal("a view's definition is not a query")));
        };
        let mut statement = ast::Statement::Query(query);
        if runs_program(&statement) {
            return Err(into_datafusion(Diagnostic::unsupported("TRANSFORM in a view is not supported")));
        }
        if let Some(path) = view.search_path {
            let settings = SharedSettings::new();
            settings.set("search_path", path).map_err(into_datafusion)?;
            let path = settings.search_path();
            expand(&mut statement, &|name| match name {
                [name] if state.scalar_functions().contains_key(name) => Ok(None),
                name => find_routine(&engine.catalog, &path, name),
            })
            .map_err(into_datafusion)?;
        }
        complete_calls(&state, &mut statement).map_err(into_datafusion)?;
        let plan = state.statement_to_plan(DataFusionStatement::Statement(Box::new(statement))).await?;
        let plan = match view.dialect.is_hive_like() {
            true => HiveTypes(view.dialect).analyze(plan, state.config_options())?,
            false => plan,
        };
        let plan = signed(small_sums(plan)?)?;
        Ok(Arc::new(ViewTable::new(plan, Some(definition.to_owned()))))
    }
}
