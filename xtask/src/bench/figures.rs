//! What a benchmark measured, by name and run, and what it had to be.

use std::collections::BTreeMap;

use super::grid;
use crate::trouble::Trouble;

/// Measured values. A name has one value for each run.
#[derive(Debug, Default)]
pub(super) struct Figures(BTreeMap<String, Vec<f64>>);

impl Figures {
    pub(super) fn add(&mut self, name: &str, value: f64) {
        self.0.entry(name.to_owned()).or_default().push(value);
    }

    /// Takes a line `figure<tab>name<tab>value` of a script; false for any other line.
    pub(super) fn read_line(&mut self, line: &str) -> bool {
        let mut fields = line.split('\t');
        match (fields.next(), fields.next(), fields.next().map(str::parse)) {
            (Some("figure"), Some(name), Some(Ok(value))) => {
                self.add(name, value);
                true
            }
            _ => false,
        }
    }

    /// The mean of the runs.
    pub(super) fn mean(&self, name: &str) -> Result<f64, Trouble> {
        let values = self.all(name)?;
        Ok(values.iter().sum::<f64>() / values.len() as f64)
    }

    pub(super) fn all(&self, name: &str) -> Result<&[f64], Trouble> {
        let values = self.0.get(name).map(Vec::as_slice);
        values.ok_or_else(|| Trouble::new(format!("the benchmark did not measure \"{name}\"")))
    }

    /// The middle one of the runs; of two middle ones their mean.
    pub(super) fn median(&self, name: &str) -> Result<f64, Trouble> {
        let mut values = self.all(name)?.to_vec();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        Ok(if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) })
    }
}

/// One line of a report.
#[derive(Debug)]
struct Row {
    what: String,
    measured: String,
    /// Empty for a figure that is for information.
    required: String,
    met: bool,
}

/// A benchmark's table.
#[derive(Debug, Default)]
pub(super) struct Report {
    rows: Vec<Row>,
    /// A header and rows of the same number of cells; empty where nothing is compared in a table of its own.
    pub(super) comparison: Vec<Vec<String>>,
    /// What was printed while it ran.
    pub(super) log: Vec<String>,
}

impl Report {
    /// A figure for information.
    pub(super) fn tell(&mut self, what: &str, measured: impl Into<String>) {
        self.rows.push(Row { what: what.to_owned(), measured: measured.into(), required: String::new(), met: true });
    }

    /// A figure with a limit.
    pub(super) fn check(&mut self, what: &str, measured: impl Into<String>, required: &str, met: bool) {
        let required = required.to_owned();
        self.rows.push(Row { what: what.to_owned(), measured: measured.into(), required, met });
    }

    /// Prints a line, and keeps it for the file.
    pub(super) fn note(&mut self, line: impl Into<String>) {
        let line = line.into();
        println!("  {line}");
        self.log.push(line);
    }

    pub(super) fn missed(&self) -> usize {
        self.rows.iter().filter(|row| !row.met).count()
    }

    /// The tables in Markdown: what was compared, then the figures.
    pub(super) fn table(&self) -> String {
        let mut cells = vec![["figure", "measured", "required", "met"].map(str::to_owned).to_vec()];
        cells.extend(self.rows.iter().map(|row| {
            let met = match (row.required.is_empty(), row.met) {
                (true, _) => "",
                (false, true) => "yes",
                (false, false) => "NO",
            };
            vec![row.what.clone(), row.measured.clone(), row.required.clone(), met.to_owned()]
        }));
        let mut text = String::new();
        if !self.comparison.is_empty() {
            text.push_str(&grid::markdown(&self.comparison));
            text.push('\n');
        }
        if !self.rows.is_empty() {
            text.push_str(&grid::markdown(&cells));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_the_sorted_runs() -> Result<(), Trouble> {
        let mut figures = Figures::default();
        assert!(figures.read_line("figure\todd\t3"));
        assert!(figures.read_line("figure\todd\t1.5"));
        assert!(figures.read_line("figure\todd\t2"));
        assert!(!figures.read_line("figure\todd\tmany"));
        assert!(!figures.read_line("round 1"));
        assert_eq!(figures.median("odd")?, 2.0);
        figures.add("odd", 10.0);
        assert_eq!(figures.median("odd")?, 2.5);
        assert!(figures.median("even").is_err());
        Ok(())
    }

    #[test]
    fn a_missed_figure_is_counted_and_shown() {
        let mut report = Report::default();
        report.tell("speed", "3");
        report.check("accuracy", "0.97", "≥ 0.975", false);
        assert_eq!(report.missed(), 1);
        assert!(report.table().contains("| accuracy | 0.97     | ≥ 0.975  | NO  |"), "{}", report.table());
    }
}
