//! `cargo xtask bench`: end-to-end benchmarks against the built server, over the wire, beside the peers it is measured
//! against. A result that is wrong or a figure that is missed makes the task fail; each run is kept in benches/results.

mod context;
mod disk;
mod figures;
mod grid;
mod machine;
mod memory;
mod neighbour;
mod python;
mod sales;
mod sales_data;
mod score;
mod server;
mod stream;
mod train;

use context::{Context, Options, benches};
use figures::Report;

use crate::arguments::Arguments;
use crate::trouble::Trouble;
use crate::{runtime, tools};

type Benchmark = fn(&Context) -> Result<Report, Trouble>;

/// In alphabetical order.
const BENCHMARKS: [(&str, Benchmark); 4] =
    [("sales", sales::run), ("score", score::run), ("stream", stream::run), ("train", train::run)];

/// `cargo xtask bench`
pub(crate) fn run(arguments: Arguments) -> Result<(), Trouble> {
    let options = Options::parse(arguments, &BENCHMARKS.map(|(name, _)| name))?;
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => tools::build_mead()?,
    };
    let context = Context { options, cache: tools::cache()?, binary, onnxruntime: runtime::library()? };
    let mut missed = 0;
    for (name, benchmark) in BENCHMARKS {
        if !context.options.names.iter().any(|wanted| wanted == name) {
            continue;
        }
        println!("{name}");
        let machine = machine::describe();
        let report = benchmark(&context)?;
        println!("\n{}", report.table());
        missed += report.missed();
        keep(&context.options.run_name(name), &machine, &report)?;
    }
    match missed {
        0 => Ok(()),
        count => Err(Trouble::new(format!("figures missed: {count}"))),
    }
}

/// Writes the run to benches/results; the last one of a day stays.
fn keep(name: &str, machine: &str, report: &Report) -> Result<(), Trouble> {
    let path = benches().join("results").join(format!("{}-{name}.md", machine::today()));
    let log = report.log.join("\n");
    let text = format!("# {name}\n\n{machine}\n\n{}\n## The run\n\n```\n{log}\n```\n", report.table());
    std::fs::write(&path, text).map_err(|error| Trouble::file(&path, error))
}
