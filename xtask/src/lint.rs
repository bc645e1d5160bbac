//! `cargo xtask lint`: the format, and clippy with warnings as errors.

use crate::arguments::Arguments;
use crate::tools;
use crate::trouble::Trouble;

pub(crate) fn run(arguments: Arguments) -> Result<(), Trouble> {
    arguments.finish()?;
    let component = |name: &str| format!("if it is missing: rustup component add {name}");
    tools::run(tools::cargo().args(["fmt", "--all", "--check"]), "cargo fmt --check")
        .map_err(|trouble| trouble.hint(component("rustfmt")))?;
    let clippy = ["clippy", "--all-targets", "--", "--deny", "warnings"];
    tools::run(tools::cargo().args(clippy), "cargo clippy").map_err(|trouble| trouble.hint(component("clippy")))
}
