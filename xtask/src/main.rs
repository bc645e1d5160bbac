//! The repository's own tasks, run as `cargo xtask TASK`. Each is a file here and an arm in [`run`].

mod arguments;
mod bench;
mod client;
mod demo;
mod library;
mod lint;
mod reference;
mod runtime;
mod sales;
mod script;
mod server;
mod table;
mod test;
mod tools;
mod trouble;

use std::process::ExitCode;

use arguments::Arguments;
use trouble::Trouble;

const USAGE: &str = "\
usage: cargo xtask TASK

tasks:
  bench [sales] [score] [stream] [train] [all] [--case NAME,…] [--epochs N] [--rounds N] [--rows N] [--busy] [--quick]
        [--mnist DIR] [--binary FILE]
          measures mead beside its peers, checks results and figures, keeps the run in benches/results
  demo [--data-dir DIR] [--port N] [--exit]
          builds mead, starts it, runs sql/examples and keeps it running until Ctrl-C;
          with --exit, or when standard input is no terminal, it stops it at the end
  test [-- ARGUMENTS]
          runs all tests; the arguments go to `cargo test`
  lint    checks format and runs clippy; warnings are errors
  reference
          writes docs/reference from the functions' documentation
  runtime prints where the ONNX Runtime library is, fetching it if it is nowhere";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let task = words.next().unwrap_or_default();
    let outcome = Arguments::parse(words).and_then(|arguments| run(&task, arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("\nxtask: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &str, arguments: Arguments) -> Result<(), Trouble> {
    match task {
        "bench" => bench::run(arguments),
        "demo" => demo::run(arguments),
        "lint" => lint::run(arguments),
        "reference" => reference::run(arguments),
        "runtime" => runtime::run(arguments),
        "test" => test::run(arguments),
        "" | "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Trouble::new(format!("there is no task \"{other}\"")).hint(USAGE)),
    }
}
