//! The `mead` command: `serve` and `sql`.

mod config;
mod serve;
mod sql;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A SQL-first analytical database with ML functions.
#[derive(Parser)]
#[command(name = "mead", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a data directory to Postgres clients.
    Serve(ServeArgs),
    /// Runs SQL on a data directory, without a server.
    Sql(SqlArgs),
}

/// What may be said on the command line, in MEAD_* variables and in the configuration file; the first that says it counts.
#[derive(Args, Default)]
pub(crate) struct CommonArgs {
    /// Where tables and models are kept; made if it is not there.
    #[arg(long, env = "MEAD_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Memory for queries and training together, such as 4GiB; half of the machine's by default.
    #[arg(long, env = "MEAD_MEMORY_LIMIT", value_name = "SIZE")]
    memory_limit: Option<String>,
    /// Threads for queries and training; all cores by default.
    #[arg(long, env = "MEAD_THREADS", value_name = "N")]
    threads: Option<usize>,
    /// A folder whose files everybody may read and write, not only superusers; may be repeated.
    #[arg(long = "allow-path", env = "MEAD_ALLOW_PATHS", value_delimiter = ':', value_name = "DIR")]
    allow_paths: Vec<PathBuf>,
    /// A configuration file (TOML).
    #[arg(long, env = "MEAD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "MEAD_LISTEN", value_name = "HOST:PORT")]
    listen: Option<String>,
    /// The certificate chain for TLS (PEM).
    #[arg(long, env = "MEAD_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key (PEM).
    #[arg(long, env = "MEAD_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Refuses clients that do not use TLS.
    #[arg(long, env = "MEAD_REQUIRE_TLS")]
    require_tls: bool,
    /// The most clients at a time.
    #[arg(long, env = "MEAD_MAX_CONNECTIONS", value_name = "N")]
    max_connections: Option<usize>,
}

#[derive(Args)]
pub(crate) struct SqlArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Statements to run; may be repeated.
    #[arg(short = 'c', long = "command", value_name = "SQL")]
    commands: Vec<String>,
    /// Files of statements to run, behind the commands; may be repeated.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// Wrong arguments or configuration.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(mead_common::telemetry::filter()))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(mead_engine::THREAD_STACK_BYTES)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("mead: could not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    // On a thread of the runtime: the main thread's stack is what the shell says.
    let task = runtime.spawn(async {
        match cli.command {
            Command::Serve(args) => serve::run(args).await,
            Command::Sql(args) => sql::run(args).await,
        }
    });
    let outcome = runtime.block_on(task).unwrap_or_else(|error| Err(format!("a task failed: {error}")));
    runtime.shutdown_background();
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mead: {error}");
            ExitCode::from(EXIT_USAGE)
        }
    }
}
