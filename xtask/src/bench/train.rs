//! MNIST trained and asked in SQL: accuracy, speed beside Keras, the same model for any number of threads.

use super::context::Context;
use super::figures::{Figures, Report};
use super::python;
use crate::trouble::Trouble;

const ACCURACY_MIN: f64 = 0.975;
const RATIO_MIN: f64 = 1.5;

/// The rounds whose accuracy counts; each has its own seed, from 1. There are as many at least.
const SEEDS: usize = 3;

pub(super) fn run(context: &Context) -> Result<Report, Trouble> {
    let mut report = Report::default();
    let mnist = &context.options.mnist;
    if !mnist.join("images-idx3-ubyte.gz").exists() {
        report.note(format!(
            "SKIPPED: no images-idx3-ubyte.gz in {}; name a folder with MNIST's first test files by --mnist",
            mnist.display()
        ));
        return Ok(report);
    }
    let Some(python) = context.python(&mut report)? else { return Ok(report) };
    context.keras(&mut report);
    let server = context.server(&[])?;
    // One thread, unless that is what the first server has.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let other = context.server(&["--threads", if cores == 1 { "2" } else { "1" }])?;
    let mut figures = Figures::default();
    let arguments = [
        "--mnist",
        &mnist.to_string_lossy(),
        "--work",
        &server.folder().to_string_lossy(),
        "--address",
        server.address(),
        "--other",
        other.address(),
        "--rounds",
        &context.options.rounds.to_string(),
    ];
    python::run(&python, "train.py", &arguments, &mut figures, &mut report)?;
    server.stop()?;
    other.stop()?;
    judge(&figures, &mut report)?;
    Ok(report)
}

fn judge(figures: &Figures, report: &mut Report) -> Result<(), Trouble> {
    let accuracy = mean(&figures.all("mead accuracy")?[..SEEDS]);
    let required = format!("≥ {ACCURACY_MIN}");
    report.check("mead, mean accuracy", format!("{accuracy:.4}"), &required, accuracy >= ACCURACY_MIN);
    let same = figures.all("same model for any number of threads")? == [1.0];
    report.check("same model, one thread and all", if same { "yes" } else { "no" }, "yes", same);
    let whole = figures.median("mead samples/s")?;
    report.tell("mead, samples/s of the whole statement", format!("{whole:.0}"));
    let epochs = figures.median("mead samples/s within epochs")?;
    report.tell("mead, samples/s within its epochs", format!("{epochs:.0}"));
    if !figures.has("keras samples/s") {
        report.note("Keras was not measured: the ratio is not checked");
        return Ok(());
    }
    report.tell("Keras, mean accuracy", format!("{:.4}", mean(figures.all("keras accuracy")?)));
    let keras = figures.median("keras samples/s")?;
    report.tell("Keras, samples/s without its first epoch", format!("{keras:.0}"));
    let ratio = whole / keras;
    report.check(
        "speed of the statement, Keras = 1",
        format!("{ratio:.2}"),
        &format!("≥ {RATIO_MIN}"),
        ratio >= RATIO_MIN,
    );
    Ok(())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
