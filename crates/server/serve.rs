//! `mead serve`: one line when ready, and an orderly end on SIGTERM and SIGINT.

use std::path::Path;
use std::process::ExitCode;

use mead_engine::Engine;
use mead_wire::Server;
use tokio::signal::unix::{SignalKind, signal};

use crate::{ServeArgs, config};

pub(crate) async fn run(args: ServeArgs) -> Result<ExitCode, String> {
    let file = config::read_file(args.common.config.as_deref())?;
    let engine_config = config::engine(&args.common, &file, Path::new("mead-data"))?;
    let wire_config = config::wire(&args, &file)?;
    let data_dir = engine_config.data_dir.clone();
    let users: Vec<(String, bool, String)> = file
        .users
        .iter()
        .map(|user| Ok((user.name.clone(), user.superuser, user.verifier()?)))
        .collect::<Result<_, String>>()?;
    let engine = Engine::open(engine_config).await.map_err(describe)?;
    for (name, superuser, verifier) in users {
        engine.ensure_role(&name, superuser, &verifier).map_err(describe)?;
    }
    let encrypted = wire_config.tls.is_some();
    let server = Server::bind(wire_config, engine.clone()).await.map_err(|error| describe(error.into()))?;
    let trusted = server.trusts_loopback().map_err(describe)?;
    let access = match (trusted, encrypted) {
        (true, _) => "trust: no users are configured, every local client is the superuser",
        (false, true) => "SCRAM-SHA-256, TLS",
        (false, false) => "SCRAM-SHA-256",
    };
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    println!("mead is ready on {} (data in {}; {access})", server.local_addr(), data_dir.display());
    let stopped = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    server.serve(stopped).await;
    engine.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// A report on one line, with its hint.
pub(crate) fn describe(report: mead_common::Diagnostic) -> String {
    match report.hint {
        Some(hint) => format!("{} ({hint})", report.message),
        None => report.message,
    }
}
