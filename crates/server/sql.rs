//! `mead sql`: statements on a data directory, without a server. Results on standard output, notices and errors on
//! standard error; the first error ends the run with exit code 1.

use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use futures::StreamExt;
use mead_common::{Diagnostic, Notice};
use mead_engine::{CommandTag, ConnectOptions, Engine, Session, diagnostic_of};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::table::Printer;
use crate::{SqlArgs, config, serve};

pub(crate) async fn run(args: SqlArgs) -> Result<ExitCode, String> {
    let file = config::read_file(args.common.config.as_deref())?;
    let engine_config = config::engine(&args.common, &file, Path::new("mead-data"))?;
    let mut texts = args.commands.clone();
    for path in &args.files {
        texts.push(std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    if texts.is_empty() {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|error| error.to_string())?;
        texts.push(text);
    }
    let engine = Engine::open(engine_config).await.map_err(serve::describe)?;
    let options =
        ConnectOptions { user: "mead".to_owned(), database: "default".to_owned(), ..ConnectOptions::default() };
    let (mut session, notices) = engine.connect(options).await.map_err(serve::describe)?;
    let cancel = session.cancel_handle();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        while interrupt.recv().await.is_some() {
            cancel.cancel(mead_common::CancelReason::User);
        }
    });
    let (done, finished) = tokio::sync::oneshot::channel::<()>();
    let progress = tokio::spawn(show_notices(notices, finished));
    let mut code = ExitCode::SUCCESS;
    for text in &texts {
        if let Err(report) = run_text(&mut session, text).await {
            print_error(&report, text);
            code = ExitCode::FAILURE;
            break;
        }
    }
    drop(done);
    let _ = progress.await;
    drop(session);
    engine.shutdown().await;
    Ok(code)
}

async fn run_text(session: &mut Session, text: &str) -> Result<(), Diagnostic> {
    let statements = session.split(text)?;
    if statements.len() > 1 {
        session.begin_string();
    }
    for statement in statements {
        let prepared = session.prepare(statement, &[]).await?;
        if !prepared.parameter_types().is_empty() {
            return Err(Diagnostic::new(mead_common::sqlstate::UNDEFINED_PARAMETER, "there is no parameter $1"));
        }
        let execution = session.execute(&prepared, Vec::new()).await?;
        match execution.rows {
            Some((schema, mut stream)) => {
                let mut printer = Printer::new(schema, session.setting("bytea_output").as_deref() == Some("escape"));
                while let Some(batch) = stream.next().await {
                    let batch = batch.map_err(|error| diagnostic_of(&error))?;
                    printer.print(&batch).map_err(io_error)?;
                }
                printer.finish().map_err(io_error)?;
            }
            None => {
                if let CommandTag::Fixed(tag) = execution.tag {
                    println!("{tag}");
                }
            }
        }
    }
    session.sync();
    Ok(())
}

fn io_error(error: std::io::Error) -> Diagnostic {
    Diagnostic::new(mead_common::sqlstate::IO_ERROR, format!("could not write the result: {error}"))
}

/// Notices as they come; those of a running training overwrite each other on a terminal.
async fn show_notices(mut notices: mpsc::Receiver<Notice>, mut finished: tokio::sync::oneshot::Receiver<()>) {
    let terminal = std::io::stderr().is_terminal();
    let mut on_line = false;
    let mut show = |notice: Notice| {
        let is_progress = terminal && notice.message.contains(": epoch ");
        if is_progress {
            eprint!("\r\x1b[2K{}", notice.message);
            on_line = true;
            return;
        }
        if std::mem::take(&mut on_line) {
            eprintln!();
        }
        eprintln!("{}:  {}", notice.severity.as_str(), notice.message);
    };
    loop {
        tokio::select! {
            biased;
            notice = notices.recv() => match notice {
                Some(notice) => show(notice),
                None => break,
            },
            _ = &mut finished => break,
        }
    }
    while let Ok(notice) = notices.try_recv() {
        show(notice);
    }
    if on_line {
        eprintln!();
    }
}

/// As psql prints errors: the message, the line with a caret, detail, hint.
fn print_error(report: &Diagnostic, text: &str) {
    eprintln!("ERROR:  {}: {}", report.sqlstate, report.message);
    if let Some(position) = report.position {
        let before: String = text.chars().take(position.saturating_sub(1)).collect();
        let line = before.matches('\n').count();
        let column = before.chars().rev().take_while(|letter| *letter != '\n').count();
        if let Some(content) = text.lines().nth(line) {
            let heading = format!("LINE {}: ", line + 1);
            eprintln!("{heading}{content}");
            eprintln!("{}^", " ".repeat(heading.chars().count() + column));
        }
    }
    if let Some(detail) = &report.detail {
        eprintln!("DETAIL:  {detail}");
    }
    if let Some(hint) = &report.hint {
        eprintln!("HINT:  {hint}");
    }
}
