//! The Python that peers run in: an environment of its own under the user's cache, and the scripts of benches/.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::context::benches;
use super::figures::{Figures, Report};
use crate::trouble::Trouble;

/// Makes the environment if it is not there, with what `requirements` (a file of benches/) lists. Gives its interpreter,
/// or why there is none.
pub(super) fn environment(folder: &Path, requirements: &str) -> Result<PathBuf, Trouble> {
    let python = folder.join("bin/python");
    if !python.exists() {
        println!("making a Python environment in {}", folder.display());
        quiet(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    }
    let wanted = benches().join(requirements);
    let text = std::fs::read_to_string(&wanted).map_err(|error| Trouble::file(&wanted, error))?;
    // What was installed is written down, so that an unchanged list costs nothing.
    let installed = folder.join(requirements);
    if std::fs::read_to_string(&installed).is_ok_and(|old| old == text) {
        return Ok(python);
    }
    println!("installing {requirements}");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    quiet(Command::new(&python).args(pip).arg(&wanted))?;
    std::fs::write(&installed, text).map_err(|error| Trouble::file(&installed, error))?;
    Ok(python)
}

/// Runs a script of benches/. Its figures are taken, everything else it prints is shown and kept.
pub(super) fn run(
    python: &Path,
    script: &str,
    arguments: &[&str],
    figures: &mut Figures,
    report: &mut Report,
) -> Result<(), Trouble> {
    let mut child = Command::new(python)
        .arg(benches().join(script))
        .args(arguments)
        // TensorFlow and Python otherwise tell of themselves on standard error.
        .env("TF_CPP_MIN_LOG_LEVEL", "3")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| Trouble::file(python, error))?;
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            let line = line.map_err(|error| Trouble::new(format!("{script}: {error}")))?;
            if !figures.read_line(&line) {
                report.note(line);
            }
        }
    }
    let status = child.wait().map_err(|error| Trouble::new(format!("{script}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Trouble::new(format!("{script} failed ({status})"))) }
}

/// Runs a command; what it printed is the error if it fails.
fn quiet(command: &mut Command) -> Result<(), Trouble> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| Trouble::new(format!("{name}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last: Vec<&str> = text.lines().rev().take(3).collect();
    Err(Trouble::new(format!("{name}: {}", last.into_iter().rev().collect::<Vec<_>>().join("; "))))
}
