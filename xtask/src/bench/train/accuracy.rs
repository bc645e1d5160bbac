//! What five epochs over MNIST teach, over seeds; and that the number of threads does not change a byte of the model.

use super::Bench;
use super::case::ACCURACY_CASE;
use crate::bench::figures::{Figures, Report};
use crate::trouble::Trouble;

const ACCURACY_MIN: f64 = 0.975;

const SEEDS: [usize; 3] = [1, 2, 3];

pub(super) fn run(bench: &Bench<'_>, report: &mut Report) -> Result<(), Trouble> {
    let mut figures = Figures::default();
    for seed in SEEDS {
        bench.train_mead("mead", &ACCURACY_CASE, seed, &mut figures, report)?;
    }
    let more = ["--address", bench.server.address(), "--other", bench.other.address()];
    bench.train("train_mead.py", &ACCURACY_CASE, SEEDS[0], &more, &mut figures, report)?;
    let accuracy = figures.mean("mead accuracy")?;
    let required = format!("≥ {ACCURACY_MIN}");
    let what = format!("accuracy of {} epochs, mean of seeds 1 to 3", ACCURACY_CASE.epochs);
    report.check(&what, format!("{accuracy:.4}"), &required, accuracy >= ACCURACY_MIN);
    let same = figures.all("same model for any number of threads")? == [1.0];
    report.check("same model, one thread and all", if same { "yes" } else { "no" }, "yes", same);
    Ok(())
}
