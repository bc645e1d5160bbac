//! The programs that a task needs, asked for before anything long begins.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::trouble::Trouble;

/// The folder that holds the workspace's Cargo.toml.
pub(crate) fn repository() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().unwrap_or(folder)
}

/// The cargo that runs this task, without what it has told the task of itself: build scripts that look at these variables
/// would run anew, and what depends on them be built anew, each time cargo is called from here and not from a shell.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(repository());
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names {
        let tells_of_xtask = ["CARGO_BIN_", "CARGO_CRATE_", "CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_PRIMARY_"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        if tells_of_xtask {
            command.env_remove(name);
        }
    }
    command
}

/// mead's folder in the user's cache: `$XDG_CACHE_HOME/mead`, or else `~/.cache/mead`.
pub(crate) fn cache() -> Result<PathBuf, Trouble> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // XDG's base directory specification: relative paths there do not count.
    let cache = set("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let cache = cache.or_else(|| set("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("mead")).ok_or_else(|| {
        Trouble::new("there is no cache folder: neither HOME nor XDG_CACHE_HOME is set").hint("set XDG_CACHE_HOME")
    })
}

/// Some of what mead is built of is C: SQLite, Zstandard, the cryptography of TLS.
pub(crate) fn check_c_compiler() -> Result<(), Trouble> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    // CC may hold a wrapper and arguments, such as `ccache gcc`.
    let mut words = compiler.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    if answers(command.args(words).arg("--version")) {
        return Ok(());
    }
    Err(Trouble::new(format!("no C compiler was found (\"{compiler}\")"))
        .hint("install one (Debian: apt-get install gcc libc6-dev; Fedora: dnf install gcc), or name one in CC"))
}

/// python3 and its pip, which fetch the ONNX Runtime library.
pub(crate) fn check_pip(purpose: &str) -> Result<(), Trouble> {
    if !answers(Command::new("python3").arg("--version")) {
        return Err(Trouble::new(format!("python3 was not found, which {purpose}")).hint(
            "install it with pip (Debian: apt-get install python3 python3-pip; Fedora: dnf install python3 python3-pip)",
        ));
    }
    if !answers(Command::new("python3").args(["-m", "pip", "--version"])) {
        return Err(Trouble::new(format!("python3 has no pip, which {purpose}")).hint(
            "install it (Debian: apt-get install python3-pip; Fedora: dnf install python3-pip; or: python3 -m ensurepip)",
        ));
    }
    Ok(())
}

/// Builds the server, with the features that the tests build it with, and gives its path.
pub(crate) fn build_mead() -> Result<PathBuf, Trouble> {
    eprintln!("building mead (the first time takes half an hour on two cores) …");
    let mut cargo = cargo();
    cargo.args(["build", "--bin", "mead", "--message-format=json-render-diagnostics"]);
    let output = cargo.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| Trouble::new(format!("could not run cargo: {error}")))?;
    if !output.status.success() {
        return Err(Trouble::new("mead could not be built; cargo's own words stand above"));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_mead = message["target"]["name"] == "mead" && message["target"]["kind"][0] == "bin";
        message["executable"].as_str().filter(|_| is_mead).map(PathBuf::from)
    });
    executable.ok_or_else(|| Trouble::new("cargo did not say where mead is"))
}

/// Whether psql can be called; some tests compare with it and are passed over without it.
pub(crate) fn has_psql() -> bool {
    answers(Command::new("psql").arg("--version"))
}

/// Runs a command to its end, with this process's own output; `what` names it in the error.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<(), Trouble> {
    let status = command.status().map_err(|error| Trouble::new(format!("could not run {what}: {error}")))?;
    match status.success() {
        true => Ok(()),
        false => Err(Trouble::new(format!("{what} failed ({status})"))),
    }
}

/// True if the program is there and ends well.
fn answers(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
