//! One network, trained by mead and by its peers in turn, each round with a seed of its own.

use super::Bench;
use super::case::Case;
use crate::bench::figures::{Figures, Report};
use crate::bench::neighbour::Neighbour;
use crate::trouble::Trouble;

/// How far mead's mean accuracy may lie below the best peer's.
const ACCURACY_BELOW_MAX: f64 = 0.03;

/// What must be left of mead's speed when one core is busy.
const BUSY_RATIO_MIN: f64 = 0.45;

const HEADER: [&str; 9] = [
    "case",
    "mead, samples/s",
    "Keras",
    "PyTorch",
    "mead / Keras",
    "mead / PyTorch",
    "busy / quiet",
    "accuracy: mead",
    "Keras, PyTorch",
];

pub(super) fn run(bench: &Bench<'_>, case: &Case, report: &mut Report) -> Result<(), Trouble> {
    let mut figures = Figures::default();
    for seed in 1..=bench.context.options.rounds {
        bench.train_mead("mead", case, seed, &mut figures, report)?;
        for (_, script) in &bench.peers {
            bench.train(script, case, seed, &[], &mut figures, report)?;
        }
        if bench.context.options.busy {
            let neighbour = Neighbour::start()?;
            bench.train_mead("busy mead", case, seed, &mut figures, report)?;
            drop(neighbour);
        }
    }
    judge(bench, case, &figures, report)
}

fn judge(bench: &Bench<'_>, case: &Case, figures: &Figures, report: &mut Report) -> Result<(), Trouble> {
    let mead = figures.median("mead samples/s")?;
    let accuracy = figures.mean("mead accuracy")?;
    let (mut speeds, mut accuracies) = (Vec::new(), Vec::new());
    for (peer, _) in &bench.peers {
        speeds.push(figures.median(&format!("{peer} samples/s"))?);
        accuracies.push(figures.mean(&format!("{peer} accuracy"))?);
    }
    match speeds.into_iter().reduce(f64::max) {
        Some(speed) => {
            let ratio = mead / speed;
            let required = format!("≥ {}", case.ratio_min);
            let what = format!("{}: speed, the better peer = 1", case.name);
            report.check(&what, format!("{ratio:.2}"), &required, ratio >= case.ratio_min);
        }
        None => report.note(format!("{}: there is no peer, so that the ratio is not checked", case.name)),
    }
    if let Some(best) = accuracies.into_iter().reduce(f64::max) {
        let required = format!("≥ {:.4}", best - ACCURACY_BELOW_MAX);
        let met = accuracy >= best - ACCURACY_BELOW_MAX;
        report.check(&format!("{}: accuracy", case.name), format!("{accuracy:.4}"), &required, met);
    }
    let mut busy = String::new();
    if bench.context.options.busy {
        let ratio = figures.median("busy mead samples/s")? / mead;
        busy = format!("{ratio:.2}");
        let what = format!("{}: speed beside a busy neighbour, quiet = 1", case.name);
        report.check(&what, &busy, &format!("≥ {BUSY_RATIO_MIN}"), ratio >= BUSY_RATIO_MIN);
    }
    if report.comparison.is_empty() {
        report.comparison.push(HEADER.map(str::to_owned).to_vec());
    }
    let speed = |peer: &str| figures.median(&format!("{peer} samples/s")).ok();
    let shown =
        |value: Option<f64>, decimals: usize| value.map_or("–".to_owned(), |value| format!("{value:.decimals$}"));
    let accuracy_of = |peer: &str| shown(figures.mean(&format!("{peer} accuracy")).ok(), 4);
    let (keras, torch) = (speed("keras"), speed("torch"));
    report.comparison.push(vec![
        case.name.to_owned(),
        format!("{mead:.0}"),
        shown(keras, 0),
        shown(torch, 0),
        shown(keras.map(|keras| mead / keras), 2),
        shown(torch.map(|torch| mead / torch), 2),
        busy,
        format!("{accuracy:.4}"),
        format!("{}, {}", accuracy_of("keras"), accuracy_of("torch")),
    ]);
    Ok(())
}
