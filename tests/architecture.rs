//! The house's rules that a machine can check: which crate may use which, who owns a heavy dependency, what every file
//! looks like. docs/ARCHITECTURE.md says why.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each crate may use of ours. An arrow that is not here needs a reason and a change of this table.
const MAY_USE: &[(&str, &[&str])] = &[
    ("mead", &["catalog", "common", "engine", "functions", "ml", "parser", "storage", "wire"]),
    ("mead-catalog", &["common", "storage"]),
    ("mead-common", &[]),
    ("mead-engine", &["catalog", "common", "functions", "ml", "parser", "storage"]),
    ("mead-functions", &["catalog", "common", "ml"]),
    ("mead-ml", &["common"]),
    ("mead-parser", &["common"]),
    ("mead-storage", &["common"]),
    ("mead-wire", &["common", "engine"]),
    ("xtask", &[]),
];

/// Heavy dependencies, and the one crate that may use each.
const OWNERS: &[(&str, &str)] = &[
    ("clap", "mead"),
    ("deltalake", "mead-storage"),
    ("object_store", "mead-storage"),
    ("ort", "mead-ml"),
    ("pgwire", "mead-wire"),
    ("rusqlite", "mead-catalog"),
];

/// Past this a file holds a second noun.
const LINES_MAX: usize = 700;

/// Calls that end a thread. What a user typed must never reach one.
const BANNED: &[&str] =
    &[".unwrap()", ".expect(\"", "panic!(", "todo!(", "unimplemented!(", "unreachable!(", "dbg!(", "process::exit("];

/// Where one of them may stand, and why.
const EXEMPT: &[(&str, &str, &str)] = &[
    (
        "crates/engine/src/plan/table_function.rs",
        "unreachable!(",
        "the guard of the same match arm has just found the function",
    ),
    ("crates/functions/src/cast/array.rs", "unreachable!(", "the cast is chosen for lists alone"),
    ("crates/ml/src/dataset/mod.rs", "panic!(", "who asks for rows in memory has looked where they are"),
];

#[test]
fn crates_use_only_what_lies_below_them() {
    let allowed: BTreeMap<&str, BTreeSet<String>> =
        MAY_USE.iter().map(|(name, uses)| (*name, uses.iter().map(|name| format!("mead-{name}")).collect())).collect();
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    for package in &packages {
        let allowed = allowed.get(package.name.as_str());
        let allowed = allowed.unwrap_or_else(|| panic!("crate {} is not in the table of this test", package.name));
        for (dependency, _) in package.dependencies.iter().filter(|(name, _)| ours.contains(name.as_str())) {
            assert!(allowed.contains(dependency), "{} may not use {dependency}", package.name);
        }
    }
    assert_eq!(ours.len(), MAY_USE.len(), "a crate of this test's table is gone: {ours:?}");
}

#[test]
fn heavy_dependencies_have_one_owner() {
    for package in packages() {
        for (dependency, kind) in &package.dependencies {
            let owner = OWNERS.iter().find(|(name, _)| name == dependency).map(|(_, owner)| *owner);
            if let Some(owner) = owner {
                assert_eq!(package.name, owner, "{dependency} ({kind}) belongs to {owner}");
            }
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for file in rust_files(&["crates", "tests", "xtask", "benches"]) {
        let text = read(&file);
        assert!(text.starts_with("//! "), "{}: a file begins with a sentence on what it is (//! …)", shown(&file));
    }
}

#[test]
fn files_are_short() {
    for file in rust_files(&["crates", "tests", "xtask", "benches"]) {
        let lines = read(&file).lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines; {LINES_MAX} is the most", shown(&file));
    }
}

#[test]
fn nothing_a_user_sends_can_panic() {
    let mut used = BTreeSet::new();
    let mut found = Vec::new();
    for file in rust_files(&["crates"]) {
        let name = shown(&file);
        if name.contains("/tests/") || name.contains("/examples/") || name.contains("/benches/") {
            continue;
        }
        // A build script runs where the binary is made.
        if ["/tests.rs", "_tests.rs", "/testing.rs", "/build.rs"].iter().any(|end| name.ends_with(end)) {
            continue;
        }
        for (number, line) in production(&read(&file)) {
            for call in BANNED.iter().filter(|call| line.contains(*call)) {
                match EXEMPT.iter().position(|(path, exempt, _)| *path == name && exempt == call) {
                    Some(index) => {
                        used.insert(index);
                    }
                    None => found.push(format!("{name}:{number}: {}", line.trim())),
                }
            }
        }
    }
    assert!(found.is_empty(), "calls that may panic:\n{}", found.join("\n"));
    assert_eq!(used.len(), EXEMPT.len(), "an exemption is not needed any more");
}

/// A function's file is named as the function is, and so is its SQL test. Functions in FROM share a file of documentation.
#[test]
fn every_function_has_its_sql_test() {
    let mut names = vec!["ml_confusion_matrix".to_owned(), "ml_evaluate".to_owned(), "predict_table".to_owned()];
    for family in ["image", "ml", "train", "value"] {
        for file in rust_files(&[&format!("crates/functions/src/{family}")]) {
            if read(&file).contains("Documentation::builder(") && !file.ends_with("relations.rs") {
                names.push(file.file_stem().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
    }
    assert!(names.len() > 5, "functions are not found any more: {names:?}");
    for name in names {
        let test = root().join(format!("tests/sqllogic/function/{name}.slt"));
        assert!(test.exists(), "the function {name} has no test {}", shown(&test));
    }
}

/// The lines of a file that are not its tests, which stand last; comments left out.
fn production(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines
        .take_while(|(_, line)| !line.ends_with("mod tests {"))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

struct Package {
    name: String,
    /// Name and kind: normal, dev or build.
    dependencies: Vec<(String, String)>,
}

/// The workspace's packages, as cargo knows them.
fn packages() -> Vec<Package> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    list(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            dependencies: list(&package["dependencies"])
                .iter()
                .map(|dependency| {
                    (text(&dependency["name"]), dependency["kind"].as_str().unwrap_or("normal").to_owned())
                })
                .collect(),
        })
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

fn rust_files(folders: &[&str]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
