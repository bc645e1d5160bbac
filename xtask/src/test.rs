//! `cargo xtask test`: all tests, with the ONNX Runtime library they need, and a line at the end that sums them up.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use crate::arguments::Arguments;
use crate::trouble::Trouble;
use crate::{runtime, tools};

pub(crate) fn run(mut arguments: Arguments) -> Result<(), Trouble> {
    let given = arguments.rest();
    arguments.finish()?;
    let start = Instant::now();
    tools::check_c_compiler()?;
    let library = runtime::library()?;
    eprintln!("ONNX Runtime: {}", library.display());
    if !tools::has_psql() {
        eprintln!("psql is not installed: the tests that compare with it pass themselves over");
    }
    let mut cargo = tools::cargo();
    cargo.args(["test", "--no-fail-fast"]).args(given);
    cargo.env(runtime::VARIABLE, &library).stdout(Stdio::piped());
    let mut child = cargo.spawn().map_err(|error| Trouble::new(format!("could not run cargo: {error}")))?;
    let mut totals = Totals::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.map_err(|error| Trouble::new(format!("the tests' output: {error}")))?;
            println!("{line}");
            totals.add(&line);
        }
    }
    let status = child.wait().map_err(|error| Trouble::new(format!("cargo test: {error}")))?;
    let summary = format!("{totals}, {:.0} s", start.elapsed().as_secs_f64());
    if !status.success() {
        return Err(Trouble::new(format!("tests failed: {summary}")));
    }
    println!("\ncargo xtask test: {summary}");
    Ok(())
}

/// What the test programs' last lines say together.
#[derive(Debug, Default, PartialEq)]
struct Totals {
    programs: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Totals {
    /// Takes in `test result: ok. 12 passed; 0 failed; 1 ignored; …`; other lines say nothing.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        self.programs += 1;
        for count in counts.split(';') {
            let Some((number, word)) = count.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { programs, passed, failed, ignored } = self;
        write!(f, "{passed} passed, {failed} failed, {ignored} ignored, in {programs} test programs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up() {
        let mut totals = Totals::default();
        totals.add("running 3 tests");
        totals.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s");
        totals.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.02s");
        assert_eq!(totals, Totals { programs: 2, passed: 15, failed: 2, ignored: 1 });
    }
}
