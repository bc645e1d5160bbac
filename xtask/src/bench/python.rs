//! The Python that peers run in: an environment of its own under the user's cache, and the scripts of benches/.

use std::io::{BufRead, BufReader, Read, Seek};
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
    let installed = folder.join(requirements);
    if has(folder, requirements) {
        return Ok(python);
    }
    println!("installing {requirements}");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    quiet(Command::new(&python).args(pip).arg(&wanted))?;
    std::fs::write(&installed, text).map_err(|error| Trouble::file(&installed, error))?;
    Ok(python)
}

/// Whether the environment has what `requirements` lists. What was installed is written down there, so that an unchanged
/// list costs nothing.
pub(super) fn has(folder: &Path, requirements: &str) -> bool {
    let wanted = std::fs::read_to_string(benches().join(requirements));
    let installed = std::fs::read_to_string(folder.join(requirements));
    matches!((wanted, installed), (Ok(wanted), Ok(installed)) if wanted == installed)
}

/// Runs a script of benches/. Its figures are taken, everything else it prints is shown and kept; what it says on standard
/// error, where TensorFlow tells of itself at every start, is shown if it fails.
pub(super) fn run(
    python: &Path,
    script: &str,
    arguments: &[&str],
    figures: &mut Figures,
    report: &mut Report,
) -> Result<(), Trouble> {
    let temporary = |error: std::io::Error| Trouble::new(format!("a temporary file: {error}"));
    let mut errors = tempfile::tempfile().map_err(temporary)?;
    let mut child = Command::new(python)
        .arg(benches().join(script))
        .args(arguments)
        .env("TF_CPP_MIN_LOG_LEVEL", "3")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdout(Stdio::piped())
        .stderr(errors.try_clone().map_err(temporary)?)
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
    if status.success() {
        return Ok(());
    }
    let mut said = Vec::new();
    errors.rewind().and_then(|()| errors.read_to_end(&mut said)).map_err(temporary)?;
    eprint!("{}", String::from_utf8_lossy(&said));
    Err(Trouble::new(format!("{script} failed ({status}); its own words stand above")))
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
