//! The most memory that a server holds while it trains on a large table: the data once, and little else.

use std::path::Path;

use crate::bench::context::Context;
use crate::bench::figures::{Figures, Report};
use crate::bench::memory::peak_bytes;
use crate::bench::python;
use crate::trouble::Trouble;

/// 784 floats of 4 bytes.
const IMAGE_BYTES: u64 = 784 * 4;

/// What may be held besides: the program, labels, the order of rows, buffers of the reader.
const BESIDES_BYTES_MAX: u64 = 300_000_000;

/// A model that learnt nothing would get one in ten right.
const ACCURACY_MIN: f64 = 0.5;

pub(super) fn run(context: &Context, python: &Path, report: &mut Report) -> Result<(), Trouble> {
    let parquet = context.large_set(python, report)?;
    // Its peak is looked at, so that it does nothing else.
    let server = context.server(&[])?;
    let idle = peak_bytes(server.process()?)?;
    let mut figures = Figures::default();
    let arguments = ["--address", server.address(), "--parquet", &parquet.to_string_lossy()];
    python::run(python, "train_large.py", &arguments, &mut figures, report)?;
    let peak = peak_bytes(server.process()?)?;
    server.stop()?;
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let rows = context.options.large_rows;
    report.note(format!("memory: the idle server held {:.0} MB at most", megabytes(idle)));
    report.tell("memory: seconds of one epoch, whole statement", format!("{:.1}", figures.median("seconds")?));
    let accuracy = figures.median("accuracy")?;
    let required = format!("≥ {ACCURACY_MIN}");
    report.check("memory: accuracy", format!("{accuracy:.3}"), &required, accuracy >= ACCURACY_MIN);
    let limit = rows * IMAGE_BYTES + BESIDES_BYTES_MAX;
    report.check(
        &format!("memory: peak for {rows} images of 784 floats"),
        format!("{:.0} MB", megabytes(peak)),
        &format!("≤ {:.0} MB", megabytes(limit)),
        peak <= limit,
    );
    Ok(())
}
