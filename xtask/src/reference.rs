//! `cargo xtask reference`: docs/reference, written anew from what the functions say of themselves.

use crate::arguments::Arguments;
use crate::tools;
use crate::trouble::Trouble;

pub(crate) fn run(arguments: Arguments) -> Result<(), Trouble> {
    arguments.finish()?;
    let mut cargo = tools::cargo();
    cargo.args(["test", "--test", "reference"]).env("MEAD_UPDATE", "1");
    tools::run(&mut cargo, "cargo test --test reference")
}
