//! Lists `sql/<schema>/<view>.sql`, so that adding a system view is adding a file.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    // As cargo says it now, not when this was compiled: clones in several places may share a target directory.
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let root = Path::new(&package).join("../../sql");
    let mut views = Vec::new();
    for schema in ["information_schema", "ml", "pg_catalog"] {
        let folder = root.join(schema);
        println!("cargo::rerun-if-changed=../../sql/{schema}");
        let entries = fs::read_dir(&folder).expect("the folder of a system schema can be read");
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.extension().is_some_and(|extension| extension == "sql")
                && let Some(name) = path.file_stem().and_then(|stem| stem.to_str())
            {
                views.push((schema, name.to_owned()));
            }
        }
    }
    views.sort();
    let mut code = String::from("pub(crate) static VIEWS: &[(&str, &str, &str)] = &[\n");
    for (schema, name) in views {
        // Found when the crate is compiled, which may be in another clone than where this ran.
        let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../../sql/{schema}/{name}.sql\"))");
        writeln!(code, "({schema:?}, {name:?}, {text}),").expect("writing to a string");
    }
    code.push_str("];\n");
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("views.rs");
    fs::write(target, code).expect("OUT_DIR can be written");
}
