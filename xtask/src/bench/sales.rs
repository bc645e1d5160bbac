//! The sales analysis from CSV to CSV in one statement, beside pandas.

use super::context::Context;
use super::figures::{Figures, Report};
use super::{python, sales_data};
use crate::trouble::Trouble;

/// Slower than pandas is a miss.
const RATIO_MIN: f64 = 1.0;

pub(super) fn run(context: &Context) -> Result<Report, Trouble> {
    let mut report = Report::default();
    let Some(python) = context.python(&mut report)? else { return Ok(report) };
    let csv = sales_data::file(&context.cache)?;
    let megabytes = std::fs::metadata(&csv).map_err(|error| Trouble::file(&csv, error))?.len() / 1_000_000;
    report.note(format!("{} rows, {megabytes} MB", sales_data::ROWS));
    let server = context.server(&[])?;
    let mut figures = Figures::default();
    let arguments = [
        "--address",
        server.address(),
        "--csv",
        &csv.to_string_lossy(),
        "--work",
        &server.folder().to_string_lossy(),
        "--rounds",
        &context.options.rounds.to_string(),
    ];
    python::run(&python, "sales.py", &arguments, &mut figures, &mut report)?;
    server.stop()?;
    let mead = figures.median("mead seconds")?;
    let pandas = figures.median("pandas seconds")?;
    report.tell("mead, seconds", format!("{mead:.2}"));
    report.tell("pandas, seconds", format!("{pandas:.2}"));
    report.tell("pandas with its pyarrow reader, seconds", format!("{:.2}", figures.median("pandas-pyarrow seconds")?));
    report.tell("DuckDB, seconds", format!("{:.2}", figures.median("duckdb seconds")?));
    report.check("results equal to pandas' (1e-9)", "yes", "yes", true);
    let ratio = pandas / mead;
    report.check("speed, pandas = 1", format!("{ratio:.2}"), &format!("≥ {RATIO_MIN}"), ratio >= RATIO_MIN);
    Ok(report)
}
