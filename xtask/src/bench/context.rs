//! What every benchmark is given: the options, the built server, the cache, the Python that peers run in.

use std::path::PathBuf;

use super::figures::Report;
use super::python;
use super::server::Server;
use crate::arguments::Arguments;
use crate::tools;
use crate::trouble::Trouble;

/// Fewer runs have no middle one worth the name.
const ROUNDS_MIN: usize = 3;

/// Where scripts and results lie.
pub(super) fn benches() -> PathBuf {
    tools::repository().join("benches")
}

/// What the command line said.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) names: Vec<String>,
    /// The folder of MNIST's IDX files.
    pub(super) mnist: PathBuf,
    /// How often mead and its peers are measured, in turn.
    pub(super) rounds: usize,
    /// The `mead` to measure; without it one is built.
    pub(super) binary: Option<PathBuf>,
}

impl Options {
    /// Without names all benchmarks are meant.
    pub(super) fn parse(mut arguments: Arguments, known: &[&str]) -> Result<Self, Trouble> {
        let mnist = arguments.value("--mnist")?;
        let binary = arguments.value("--binary")?;
        let rounds = arguments.value("--rounds")?.unwrap_or(ROUNDS_MIN);
        if rounds < ROUNDS_MIN {
            return Err(Trouble::new(format!("--rounds must be {ROUNDS_MIN} or more")));
        }
        let all = arguments.flag("all");
        let mut names: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
        let named: Vec<String> = names.iter().filter(|name| arguments.flag(name)).cloned().collect();
        if !all && !named.is_empty() {
            names = named;
        }
        arguments.finish()?;
        let mnist = mnist.unwrap_or_else(|| tools::repository().join("../shared/data/mnist-10k"));
        Ok(Self { names, mnist, rounds, binary })
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) options: Options,
    pub(super) cache: PathBuf,
    /// The `mead` that is measured.
    pub(super) binary: PathBuf,
    /// The ONNX Runtime library that PREDICT needs.
    pub(super) onnxruntime: PathBuf,
}

impl Context {
    /// The interpreter with what the benchmarks need; without it they are skipped, and the report says so.
    pub(super) fn python(&self, report: &mut Report) -> Result<Option<PathBuf>, Trouble> {
        match python::environment(&self.environment(), "requirements.txt") {
            Ok(python) => Ok(Some(python)),
            Err(error) => {
                report.note(format!("SKIPPED: its Python packages could not be installed: {error}"));
                Ok(None)
            }
        }
    }

    /// Adds Keras to the interpreter; without it that peer is left out, and the report says so.
    pub(super) fn keras(&self, report: &mut Report) {
        if let Err(error) = python::environment(&self.environment(), "requirements-keras.txt") {
            report.note(format!("SKIPPED Keras: tensorflow-cpu could not be installed: {error}"));
        }
    }

    /// A server on a data directory of its own and a free port.
    pub(super) fn server(&self, arguments: &[&str]) -> Result<Server, Trouble> {
        Server::start(&self.binary, &self.onnxruntime, arguments)
    }

    fn environment(&self) -> PathBuf {
        self.cache.join("bench-venv")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options, Trouble> {
        let arguments = Arguments::parse(text.split_whitespace().map(str::to_owned))?;
        Options::parse(arguments, &["sales", "train"])
    }

    #[test]
    fn without_names_all_run() -> Result<(), Trouble> {
        assert_eq!(parse("")?.names, ["sales", "train"]);
        assert_eq!(parse("all sales")?.names, ["sales", "train"]);
        assert_eq!(parse("sales --rounds 5")?.names, ["sales"]);
        assert_eq!(parse("--rounds=5")?.rounds, 5);
        Ok(())
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parse("trane").is_err());
        assert!(parse("--rounds 1").is_err());
        assert!(parse("--mnist").is_err());
    }
}
