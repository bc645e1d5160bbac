//! `cargo xtask demo`: mead built, started on a data directory and shown at work on sql/examples.

use std::fs;
use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::arguments::Arguments;
use crate::client::Session;
use crate::server::Server;
use crate::trouble::Trouble;
use crate::{runtime, sales, script, tools};

const SALES_ROWS: u64 = 40_000;

/// mead's own default.
const PORT: u16 = 5433;

/// What the command line says.
struct Options {
    data_dir: Option<PathBuf>,
    port: Option<u16>,
    /// Stop at the end instead of waiting for Ctrl-C.
    exit: bool,
}

pub(crate) fn run(mut arguments: Arguments) -> Result<(), Trouble> {
    let options = Options {
        data_dir: arguments.value("--data-dir")?,
        port: arguments.value("--port")?,
        exit: arguments.flag("--exit") || !std::io::stdin().is_terminal(),
    };
    arguments.finish()?;
    tools::check_c_compiler()?;
    let library = runtime::library()?;
    println!("ONNX Runtime: {}", library.display());
    let binary = tools::build_mead()?;
    // A demo that somebody watches keeps its data, so that he may go on with it; others leave nothing.
    let temporary = match (&options.data_dir, options.exit) {
        (None, true) => {
            Some(tempfile::tempdir().map_err(|error| Trouble::new(format!("a temporary folder: {error}")))?)
        }
        _ => None,
    };
    let folder = match (&options.data_dir, &temporary) {
        (Some(data_dir), _) => std::path::absolute(data_dir).map_err(|error| Trouble::file(data_dir, error))?,
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => tools::cache()?.join("demo"),
    };
    fs::create_dir_all(&folder).map_err(|error| Trouble::file(&folder, error))?;
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let executor = executor.map_err(|error| Trouble::new(format!("could not start: {error}")))?;
    executor.block_on(show(&options, &binary, &library, &folder))
}

async fn show(options: &Options, binary: &Path, library: &Path, folder: &Path) -> Result<(), Trouble> {
    let (sales, report) = (folder.join("sales.csv"), folder.join("sales_by_category.csv"));
    sales::write(&sales, SALES_ROWS).map_err(|error| Trouble::file(&sales, error))?;
    let port = options.port.unwrap_or_else(free_port);
    let mut server = Server::start(binary, library, &folder.join("data"), port).await?;
    let examples = tools::repository().join("sql/examples");
    let digits = examples.join("data/digits.jsonl");
    let (digits, sales, report) = (digits.to_string_lossy(), sales.to_string_lossy(), report.to_string_lossy());
    let variables = [("digits", &*digits), ("sales", &*sales), ("report", &*report)];
    let (host, port) = (server.host.clone(), server.port);
    tokio::select! {
        shown = run_examples(&host, port, &examples, &variables) => shown?,
        trouble = server.ended() => return Err(trouble),
        _ = tokio::signal::ctrl_c() => {
            println!("\nstopping");
            server.stop().await?;
            return Err(Trouble::new("interrupted"));
        }
    }
    let line = format!("psql -h {host} -p {port} -U mead default");
    if options.exit {
        server.stop().await?;
        println!("\nThe server has ended in good order. While it runs, go on with: {line}");
        return Ok(());
    }
    println!("\nThe server goes on until Ctrl-C. Go on with it:\n\n  {line}\n");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        trouble = server.ended() => return Err(trouble),
    }
    server.stop().await?;
    println!("\nstopped; the data stay in {}", folder.display());
    Ok(())
}

/// Runs the files of a folder in the order of their names.
async fn run_examples(host: &str, port: u16, folder: &Path, variables: &[(&str, &str)]) -> Result<(), Trouble> {
    let entries = fs::read_dir(folder).map_err(|error| Trouble::file(folder, error))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    if files.is_empty() {
        return Err(Trouble::file(folder, "there are no examples"));
    }
    let session = Session::connect(host, port).await?;
    for file in &files {
        let start = Instant::now();
        let name = file.strip_prefix(tools::repository()).unwrap_or(file).display();
        println!("\n═══ {name}");
        let text = fs::read_to_string(file).map_err(|error| Trouble::file(file, error))?;
        for statement in script::split(&text, variables).map_err(|trouble| Trouble::file(file, trouble))? {
            session.run(&statement).await?;
        }
        println!("\n═══ {name}: {:.1} s", start.elapsed().as_secs_f64());
    }
    session.close().await;
    Ok(())
}

/// mead's own port, or else any.
fn free_port() -> u16 {
    match TcpListener::bind(("127.0.0.1", PORT)) {
        Ok(_) => PORT,
        Err(_) => 0,
    }
}
