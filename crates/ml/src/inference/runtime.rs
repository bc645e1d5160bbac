//! Finding and loading the ONNX Runtime library, which is not part of mead's binary.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ort::environment::Environment;
use ort::logging::LogLevel;
use parking_lot::Mutex;

use super::arena;
use crate::Error;

/// The library once loaded. A failure is not kept: the library may be installed while the server runs.
static LOADED: Mutex<Option<Environment>> = Mutex::new(None);

/// The oldest version that can be used.
pub const RUNTIME_MINOR_VERSION_MIN: u32 = ort::MINOR_VERSION;

/// What all runs and all weights may take together; see [`limit_memory`].
static MEMORY_BYTES: AtomicUsize = AtomicUsize::new(MEMORY_BYTES_MIN);

/// Less is not asked of the runtime: a model of ordinary size must run.
const MEMORY_BYTES_MIN: usize = 1 << 30;

/// Bounds what ONNX Runtime takes for weights and for what lies between operators, of all models together: whatever a file
/// asks for, more is an error of its statement. At least 1 GiB; counts where the runtime is not loaded yet.
pub fn limit_memory(bytes: usize) {
    MEMORY_BYTES.store(bytes.max(MEMORY_BYTES_MIN), Ordering::Relaxed);
}

const MESSAGE_LETTERS_MAX: usize = 400;

/// `Ok` if ONNX Runtime can be loaded, or else the error that says what was tried.
pub fn check_runtime() -> Result<(), Error> {
    environment().map(|_| ())
}

/// The process's one environment, with the library loaded on first use: `ORT_DYLIB_PATH` if it is set, else the newest
/// below the user's cache, else the system's.
pub(super) fn environment() -> Result<Environment, Error> {
    let mut loaded = LOADED.lock();
    if let Some(environment) = &*loaded {
        return Ok(environment.clone());
    }
    let environment = load(&candidates(|name| env::var_os(name).map(PathBuf::from)))?;
    *loaded = Some(environment.clone());
    Ok(environment)
}

fn load(candidates: &[PathBuf]) -> Result<Environment, Error> {
    let mut failures = Vec::new();
    for path in candidates {
        match ort::init_from(path) {
            Ok(builder) => {
                // Nothing leaves the machine; errors come back as values, so what the runtime logs is for developers.
                let builder = builder.with_name("mead").with_telemetry(false).with_logger(Arc::new(log));
                let environment = builder.build().map_err(runtime_error)?;
                environment.set_log_level(LogLevel::Warning);
                arena::register(&environment, MEMORY_BYTES.load(Ordering::Relaxed))?;
                return Ok(environment);
            }
            Err(error) => failures.push(error.to_string()),
        }
    }
    Err(Error::RuntimeMissing(failures.join("; ")))
}

fn log(level: LogLevel, _category: &str, _id: &str, location: &str, message: &str) {
    tracing::debug!(target: "onnxruntime", ?level, location, "{message}");
}

/// Where to look, in order.
fn candidates(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.as_os_str().is_empty());
    if let Some(path) = set("ORT_DYLIB_PATH") {
        // Who names a library does not want another.
        return vec![path];
    }
    // XDG's base directory specification: relative paths there do not count.
    let cache = set("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let cache = cache.or_else(|| set("HOME").map(|home| home.join(".cache")));
    let mut candidates = cache.map(|cache| cached(&cache.join("mead/onnxruntime"))).unwrap_or_default();
    candidates.extend(SYSTEM_NAMES.map(PathBuf::from));
    candidates
}

#[cfg(target_os = "macos")]
const SYSTEM_NAMES: [&str; 1] = ["libonnxruntime.dylib"];
#[cfg(target_os = "windows")]
const SYSTEM_NAMES: [&str; 1] = ["onnxruntime.dll"];
#[cfg(not(any(target_os = "macos", target_os = "windows")))]
const SYSTEM_NAMES: [&str; 2] = ["libonnxruntime.so", "libonnxruntime.so.1"];

/// `<folder>/<version>/<library>`, newest version first.
fn cached(folder: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found: Vec<(Vec<u64>, PathBuf)> = Vec::new();
    for version in entries(folder) {
        let Some(key) = version.file_name().and_then(version_key) else { continue };
        let libraries = entries(&version).filter(|path| path.file_name().is_some_and(is_library));
        found.extend(libraries.map(|library| (key.clone(), library)));
    }
    found.sort();
    found.into_iter().rev().map(|(_, library)| library).collect()
}

fn version_key(name: &OsStr) -> Option<Vec<u64>> {
    name.to_str()?.split('.').map(|part| part.parse().ok()).collect()
}

fn is_library(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let plain = name.starts_with("libonnxruntime.so") || name == "onnxruntime.dll";
    plain || (name.starts_with("libonnxruntime.") && name.ends_with(".dylib"))
}

pub(super) fn runtime_error<R>(error: ort::Error<R>) -> Error {
    // The arena's words; it gives the same code as for any other failure.
    if error.message().contains("is smaller than requested bytes") {
        return Error::RuntimeMemory(MEMORY_BYTES.load(Ordering::Relaxed));
    }
    Error::Runtime(message(&error))
}

/// The runtime's words on one line; its C++ signatures can be very long.
pub(super) fn message<R>(error: &ort::Error<R>) -> String {
    let text = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(MESSAGE_LETTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_library_is_the_only_one() {
        let found = candidates(|name| (name == "ORT_DYLIB_PATH").then(|| PathBuf::from("/opt/libonnxruntime.so")));
        assert_eq!(found, [PathBuf::from("/opt/libonnxruntime.so")]);
    }

    #[test]
    fn the_newest_cached_library_comes_first() {
        let folder = env::temp_dir().join(format!("mead-runtime-{}", std::process::id()));
        let cache = folder.join("mead/onnxruntime");
        for version in ["1.9.0", "1.32.0", "1.31.1", "notes"] {
            fs::create_dir_all(cache.join(version)).unwrap();
            fs::write(cache.join(version).join(format!("libonnxruntime.so.{version}")), "").unwrap();
            fs::write(cache.join(version).join("libonnxruntime_providers_shared.so"), "").unwrap();
        }
        let found = candidates(|name| (name == "XDG_CACHE_HOME").then(|| folder.clone()));
        fs::remove_dir_all(&folder).unwrap();
        let versions = ["1.32.0", "1.31.1", "1.9.0"];
        let expected = versions.map(|version| cache.join(version).join(format!("libonnxruntime.so.{version}")));
        assert_eq!(found[..3], expected);
        assert!(found.contains(&PathBuf::from(SYSTEM_NAMES[0])));
    }

    #[test]
    fn what_is_no_library_is_an_error() {
        let file = env::temp_dir().join(format!("mead-no-library-{}", std::process::id()));
        fs::write(&file, "text").unwrap();
        // With a library loaded already, this one is not looked at.
        if check_runtime().is_err() {
            let error = load(&[file.clone(), PathBuf::from("/nowhere/libonnxruntime.so")]).unwrap_err();
            assert!(matches!(&error, Error::RuntimeMissing(tried) if tried.contains("/nowhere")), "{error}");
        }
        fs::remove_file(&file).unwrap();
    }
}
