//! What every benchmark is given: the options, the built server, the cache, the Python that peers run in.

use std::path::{Path, PathBuf};

use super::figures::{Figures, Report};
use super::server::Server;
use super::train::case;
use super::{disk, python};
use crate::arguments::Arguments;
use crate::tools;
use crate::trouble::Trouble;

/// Fewer runs have no middle one worth the name.
const ROUNDS_MIN: usize = 3;

/// PyTorch for Linux comes with what it needs on a GPU, wanted or not.
const TORCH_BYTES_FREE_MIN: u64 = 15_000_000_000;

/// Images of the large set: of a whole run, and of a quick one.
const LARGE_ROWS: [u64; 2] = [1_000_000, 100_000];

/// `score` learns from the first ten thousand; ids are 32-bit, and ONNX Runtime holds all in memory.
const LARGE_ROWS_MIN: u64 = 20_000;
const LARGE_ROWS_MAX: u64 = 10_000_000;

/// The first epoch of a peer does not count.
const EPOCHS_MIN: usize = 2;

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
    /// The names of the cases of `train` to run; without one all.
    pub(super) cases: Vec<String>,
    /// Instead of what each case says.
    pub(super) epochs: Option<usize>,
    /// Images of the large set, which `score` and the memory of `train` are measured on.
    pub(super) large_rows: u64,
    /// A short run that shows that all works; its figures say little.
    pub(super) quick: bool,
    /// mead is measured beside a busy neighbour too.
    pub(super) busy: bool,
    /// The `mead` to measure; without it one is built.
    pub(super) binary: Option<PathBuf>,
}

impl Options {
    /// Without names all benchmarks are meant.
    pub(super) fn parse(mut arguments: Arguments, known: &[&str]) -> Result<Self, Trouble> {
        let mnist = arguments.value("--mnist")?;
        let binary = arguments.value("--binary")?;
        let quick = arguments.flag("--quick");
        let busy = arguments.flag("--busy");
        let rounds_min = if quick { 1 } else { ROUNDS_MIN };
        let rounds = arguments.value("--rounds")?.unwrap_or(rounds_min);
        if rounds < rounds_min {
            return Err(Trouble::new(format!("--rounds must be {rounds_min} or more")));
        }
        let epochs = arguments.value("--epochs")?;
        if epochs.is_some_and(|epochs| epochs < EPOCHS_MIN) {
            return Err(Trouble::new(format!("--epochs must be {EPOCHS_MIN} or more: peers are slow in the first")));
        }
        let large_rows = arguments.value("--rows")?.unwrap_or(LARGE_ROWS[usize::from(quick)]);
        if !(LARGE_ROWS_MIN..=LARGE_ROWS_MAX).contains(&large_rows) {
            return Err(Trouble::new(format!("--rows must be from {LARGE_ROWS_MIN} to {LARGE_ROWS_MAX}")));
        }
        let cases: Option<String> = arguments.value("--case")?;
        let cases: Vec<String> = cases.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect();
        if let Some(name) = cases.iter().find(|name| !case::names().any(|known| known == *name)) {
            let known: Vec<&str> = case::names().collect();
            return Err(
                Trouble::new(format!("train has no case \"{name}\"")).hint(format!("there are {}", known.join(", ")))
            );
        }
        let all = arguments.flag("all");
        let mut names: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
        let named: Vec<String> = names.iter().filter(|name| arguments.flag(name)).cloned().collect();
        if !all && !named.is_empty() {
            names = named;
        }
        arguments.finish()?;
        let mnist = mnist.unwrap_or_else(|| tools::repository().join("../shared/data/mnist-10k"));
        Ok(Self { names, mnist, rounds, cases, epochs, large_rows, quick, busy, binary })
    }

    /// What the run of a benchmark is kept under: a part of it, or a quick one, does not take the place of a whole one.
    pub(super) fn run_name(&self, benchmark: &str) -> String {
        let cases = if benchmark == "train" { self.cases.as_slice() } else { &[] };
        let mut words = vec![benchmark];
        words.extend(cases.iter().map(String::as_str));
        words.extend(self.quick.then_some("quick"));
        words.join("-")
    }

    /// Whether a case of `train` is to run.
    pub(super) fn wants(&self, case: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|wanted| wanted == case)
    }
}

/// What mead is measured beside, as far as it is not always installed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Peer {
    Keras,
    OnnxRuntime,
    Torch,
}

impl Peer {
    /// The file of benches/ that lists its packages.
    fn requirements(self) -> &'static str {
        match self {
            Self::Keras => "requirements-keras.txt",
            Self::OnnxRuntime => "requirements-onnxruntime.txt",
            Self::Torch => "requirements-torch.txt",
        }
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

    /// Adds a peer to the interpreter, and gives whether it is there; without it that peer is left out, and the report
    /// says so.
    pub(super) fn peer(&self, peer: Peer, report: &mut Report) -> bool {
        let environment = self.environment();
        let installed = match peer {
            Peer::Torch if !python::has(&environment, peer.requirements()) => {
                disk::require_free(&self.cache, TORCH_BYTES_FREE_MIN)
                    .and_then(|()| python::environment(&environment, peer.requirements()))
            }
            _ => python::environment(&environment, peer.requirements()),
        };
        if let Err(error) = &installed {
            report.note(format!("SKIPPED {peer:?}, which could not be installed: {error}"));
        }
        installed.is_ok()
    }

    /// The large set, made if it is not there: id, image (784 floats), label.
    pub(super) fn large_set(&self, python: &Path, report: &mut Report) -> Result<PathBuf, Trouble> {
        let rows = self.options.large_rows;
        let path = self.cache.join(format!("images-{rows}.parquet"));
        if !path.exists() {
            let arguments = ["--rows", &rows.to_string(), "--target", &path.to_string_lossy()];
            python::run(python, "large_data.py", &arguments, &mut Figures::default(), report)?;
        }
        Ok(path)
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
    fn a_run_can_be_made_short() -> Result<(), Trouble> {
        let options = parse("train --quick --case mlp,cnn-32 --epochs 2 --busy")?;
        assert_eq!((options.rounds, options.epochs, options.large_rows), (1, Some(2), 100_000));
        assert!(options.busy && options.wants("mlp") && !options.wants("cnn-128"));
        assert_eq!(
            (options.run_name("train"), options.run_name("score")),
            ("train-mlp-cnn-32-quick".to_owned(), "score-quick".to_owned())
        );
        let options = parse("train")?;
        assert_eq!((options.rounds, options.epochs, options.large_rows), (3, None, 1_000_000));
        assert!(!options.busy && options.wants("cnn-128"));
        assert_eq!(options.run_name("train"), "train");
        Ok(())
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parse("trane").is_err());
        assert!(parse("--rounds 1").is_err());
        assert!(parse("--mnist").is_err());
        assert!(parse("--case cnn-33").is_err());
        assert!(parse("--epochs 1").is_err());
        assert!(parse("--rows 100").is_err());
    }
}
