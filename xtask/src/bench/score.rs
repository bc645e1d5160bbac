//! A million images of 784 floats through PREDICT, from Parquet, beside ONNX Runtime in Python with the images in memory.

use super::context::{Context, Peer};
use super::figures::{Figures, Report};
use super::python;
use crate::trouble::Trouble;

const RATIO_MIN: f64 = 1.5;

pub(super) fn run(context: &Context) -> Result<Report, Trouble> {
    let mut report = Report::default();
    let Some(python) = context.python(&mut report)? else { return Ok(report) };
    if !context.peer(Peer::OnnxRuntime, &mut report) {
        return Ok(report);
    }
    let parquet = context.large_set(&python, &mut report)?;
    let server = context.server(&[])?;
    let mut figures = Figures::default();
    let arguments = [
        "--address",
        server.address(),
        "--parquet",
        &parquet.to_string_lossy(),
        "--work",
        &server.folder().to_string_lossy(),
        "--rounds",
        &context.options.rounds.to_string(),
    ];
    python::run(&python, "score.py", &arguments, &mut figures, &mut report)?;
    server.stop()?;
    let mead = figures.median("mead rows/s")?;
    let peer = figures.median("onnxruntime rows/s")?;
    report.tell("images", context.options.large_rows.to_string());
    report.tell("mead, rows/s", format!("{mead:.0}"));
    report.tell("ONNX Runtime, rows/s", format!("{peer:.0}"));
    // The script ends with an error where they are not.
    report.check("classes equal to ONNX Runtime's", "yes", "yes", true);
    let ratio = mead / peer;
    report.check("speed, ONNX Runtime = 1", format!("{ratio:.2}"), &format!("≥ {RATIO_MIN}"), ratio >= RATIO_MIN);
    Ok(report)
}
