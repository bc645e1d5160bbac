//! Networks trained in SQL beside Keras and PyTorch, in turn: speed, accuracy, the same bytes for any number of threads,
//! memory.

mod accuracy;
pub(super) mod case;
mod memory;
mod versus;

use std::path::Path;

use case::{ACCURACY, CASES, Case, Data, MEMORY};

use super::context::{Context, Peer};
use super::figures::{Figures, Report};
use super::python;
use super::server::Server;
use crate::trouble::Trouble;

/// More would make a quick run long; fewer teach so little that accuracies say nothing.
const QUICK_EPOCHS_MAX: usize = 5;

/// What all cases share.
struct Bench<'a> {
    context: &'a Context,
    python: &'a Path,
    server: Server,
    /// The same with another number of threads.
    other: Server,
    /// The scripts of the peers that are there, by the names of their figures.
    peers: Vec<(&'static str, &'static str)>,
}

pub(super) fn run(context: &Context) -> Result<Report, Trouble> {
    let mut report = Report::default();
    let options = &context.options;
    if options.quick {
        report.note("QUICK: few epochs, once each; the figures of such a run say little");
    }
    let Some(python) = context.python(&mut report)? else { return Ok(report) };
    let mut cases: Vec<&Case> = CASES.iter().filter(|case| options.wants(case.name)).collect();
    let mut accuracy = options.wants(ACCURACY);
    if !options.mnist.join("images-idx3-ubyte.gz").exists() && (accuracy || uses(&cases, Data::Mnist)) {
        report.note(format!(
            "SKIPPED what learns from MNIST: no images-idx3-ubyte.gz in {}; name a folder with MNIST's first test files by \
             --mnist",
            options.mnist.display()
        ));
        cases.retain(|case| case.data != Data::Mnist);
        accuracy = false;
    }
    if accuracy || !cases.is_empty() {
        compare(context, &python, accuracy, &cases, &mut report)?;
    }
    if options.wants(MEMORY) {
        memory::run(context, &python, &mut report)?;
    }
    Ok(report)
}

fn uses(cases: &[&Case], data: Data) -> bool {
    cases.iter().any(|case| case.data == data)
}

/// What is learnt on two servers beside peers: accuracies, then each case.
fn compare(
    context: &Context,
    python: &Path,
    accuracy: bool,
    cases: &[&Case],
    report: &mut Report,
) -> Result<(), Trouble> {
    let mut peers = Vec::new();
    if !cases.is_empty() && context.peer(Peer::Keras, report) {
        peers.push(("keras", "train_keras.py"));
    }
    if !cases.is_empty() && context.peer(Peer::Torch, report) {
        peers.push(("torch", "train_torch.py"));
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let other = context.server(&["--threads", if cores == 1 { "2" } else { "1" }])?;
    let bench = Bench { context, python, server: context.server(&[])?, other, peers };
    if accuracy || uses(cases, Data::Mnist) {
        bench.make_data(Data::Mnist, report)?;
    }
    if uses(cases, Data::Made) {
        bench.make_data(Data::Made, report)?;
    }
    if accuracy {
        accuracy::run(&bench, report)?;
    }
    for case in cases {
        versus::run(&bench, case, report)?;
    }
    bench.server.stop()?;
    bench.other.stop()
}

impl Bench<'_> {
    /// Arrays for the peers, tables on both servers.
    fn make_data(&self, data: Data, report: &mut Report) -> Result<(), Trouble> {
        let arguments = [
            "--data",
            data.name(),
            "--mnist",
            &self.context.options.mnist.to_string_lossy(),
            "--work",
            &self.work().to_string_lossy(),
            "--address",
            self.server.address(),
            "--address",
            self.other.address(),
        ];
        python::run(self.python, "train_data.py", &arguments, &mut Figures::default(), report)
    }

    /// One run of a script on a case.
    fn train(
        &self,
        script: &str,
        case: &Case,
        seed: usize,
        more: &[&str],
        figures: &mut Figures,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let options = &self.context.options;
        // Accuracy is a matter of the epochs it was promised for.
        let epochs = match options.epochs {
            Some(epochs) if case.name != ACCURACY => epochs,
            None if options.quick => case.epochs.min(QUICK_EPOCHS_MAX),
            _ => case.epochs,
        };
        let json = case.json(epochs).to_string();
        let (work, seed) = (self.work().to_string_lossy(), seed.to_string());
        let mut arguments = vec!["--case", &json, "--work", &work, "--seed", &seed];
        arguments.extend(more);
        python::run(self.python, script, &arguments, figures, report)
    }

    /// One run of mead, whose figures get a name.
    fn train_mead(
        &self,
        runner: &str,
        case: &Case,
        seed: usize,
        figures: &mut Figures,
        report: &mut Report,
    ) -> Result<(), Trouble> {
        let more = ["--address", self.server.address(), "--runner", runner];
        self.train("train_mead.py", case, seed, &more, figures, report)
    }

    fn work(&self) -> &Path {
        self.server.folder()
    }
}
