//! The ONNX Runtime library: the one that is there, or else the pinned one, fetched once into the user's cache, where
//! mead looks for it too.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::arguments::Arguments;
use crate::trouble::Trouble;
use crate::{library, tools};

/// The variable that names the library, here and for mead.
pub(crate) const VARIABLE: &str = "ORT_DYLIB_PATH";

const VERSION: &str = "1.32.0";

/// The least minor version that mead can load.
const MINOR_VERSION_MIN: u32 = 24;

/// One wheel from PyPI for each processor. It is unpacked and never imported, so that the Python it was made for does
/// not matter.
struct Wheel {
    processor: &'static str,
    platform: &'static str,
    sha256: &'static str,
}

const WHEELS: [Wheel; 2] = [
    Wheel {
        processor: "x86_64",
        platform: "manylinux_2_28_x86_64",
        sha256: "99e1074c4b2197accd5073052a465361be17b89c093b8ffb6e6bd8f986c52df8",
    },
    Wheel {
        processor: "aarch64",
        platform: "manylinux_2_28_aarch64",
        sha256: "e36c187006e7a7c8b8d6d57f1a209dd63f52430dca6c282b177718ad6b841054",
    },
];

/// Members of the wheel that are kept: the licences, then the library, whose presence shows that all is there.
const MEMBERS: [&str; 3] =
    ["onnxruntime/LICENSE", "onnxruntime/ThirdPartyNotices.txt", "onnxruntime/capi/libonnxruntime.so.1.32.0"];

const SYSTEM_NAMES: [&str; 2] = ["libonnxruntime.so", "libonnxruntime.so.1"];

/// Takes members out of an archive into a folder, without the archive's own folders.
const UNPACK: &str = "\
import os, shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in sys.argv[3:]:
        with archive.open(name) as source, open(os.path.join(sys.argv[2], os.path.basename(name)), 'xb') as target:
            shutil.copyfileobj(source, target)
            target.flush()
            os.fsync(target.fileno())
";

/// `cargo xtask runtime`
pub(crate) fn run(arguments: Arguments) -> Result<(), Trouble> {
    arguments.finish()?;
    println!("{}", library()?.display());
    Ok(())
}

/// The library to use, for [`VARIABLE`]: a path, or a name that the system's loader knows.
pub(crate) fn library() -> Result<PathBuf, Trouble> {
    if let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
        return named(Path::new(&path));
    }
    if let Some(name) = SYSTEM_NAMES.iter().find(|name| check(Path::new(name)).is_ok()) {
        return Ok(PathBuf::from(name));
    }
    let root = tools::cache()?.join("onnxruntime");
    let folder = root.join(VERSION);
    let cached = folder.join(file_name(MEMBERS[2]));
    if !cached.is_file() {
        fetch(&root, &folder)?;
    }
    check(&cached).map_err(|reason| {
        let hint = format!("remove {} and try again, or name another library in {VARIABLE}", folder.display());
        Trouble::file(&cached, reason).hint(hint)
    })?;
    Ok(cached)
}

fn named(path: &Path) -> Result<PathBuf, Trouble> {
    let trouble = |reason: String| Trouble::new(format!("{VARIABLE} names {}: {reason}", path.display()));
    let path = fs::canonicalize(path).map_err(|error| trouble(error.to_string()))?;
    check(&path).map_err(trouble)?;
    Ok(path)
}

/// `Ok` if mead can use this library.
fn check(path: &Path) -> Result<(), String> {
    let version = library::version(path)?;
    match version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok()) {
        Some(minor) if minor >= MINOR_VERSION_MIN => Ok(()),
        _ => Err(format!("it is ONNX Runtime {version}, mead needs 1.{MINOR_VERSION_MIN} or newer")),
    }
}

fn fetch(root: &Path, folder: &Path) -> Result<(), Trouble> {
    let processor = std::env::consts::ARCH;
    let pinned = WHEELS.iter().find(|wheel| wheel.processor == processor);
    let Some(wheel) = pinned.filter(|_| cfg!(all(target_os = "linux", target_env = "gnu"))) else {
        let system = std::env::consts::OS;
        return Err(Trouble::new(format!("no ONNX Runtime library is pinned for {system} on {processor}"))
            .hint(format!("install ONNX Runtime 1.{MINOR_VERSION_MIN} or newer and name its library in {VARIABLE}")));
    };
    tools::check_pip(&format!("fetches the ONNX Runtime library (unless {VARIABLE} names one)"))?;
    fs::create_dir_all(root).map_err(|error| Trouble::file(root, error))?;
    // Below the cache, so that what is in it can be moved into place; its name is not a version's, so mead passes it over.
    let staging = tempfile::Builder::new().prefix(".download-").tempdir_in(root);
    let staging = staging.map_err(|error| Trouble::file(root, error))?;
    eprintln!("fetching ONNX Runtime {VERSION} from the Python package index …");
    let archive = download(wheel, staging.path())?;
    let unpacked = staging.path().join("unpacked");
    fs::create_dir(&unpacked).map_err(|error| Trouble::file(&unpacked, error))?;
    let mut unpack = Command::new("python3");
    tools::run(unpack.args(["-c", UNPACK]).arg(&archive).arg(&unpacked).args(MEMBERS), "unpacking the wheel")?;
    fs::create_dir_all(folder).map_err(|error| Trouble::file(folder, error))?;
    for member in MEMBERS {
        let to = folder.join(file_name(member));
        fs::rename(unpacked.join(file_name(member)), &to).map_err(|error| Trouble::file(&to, error))?;
    }
    Ok(())
}

/// The wheel's file, once its checksum was found right.
fn download(wheel: &Wheel, folder: &Path) -> Result<PathBuf, Trouble> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]);
    pip.args(["--implementation", "cp", "--python-version", "3.12", "--abi", "cp312", "--platform", wheel.platform]);
    pip.arg("--dest").arg(folder).arg(format!("onnxruntime=={VERSION}"));
    // Results are on standard output.
    pip.stdout(io::stderr());
    tools::run(&mut pip, "pip download").map_err(|trouble| {
        trouble.hint(format!(
            "pip's own words above say why; without network, name an ONNX Runtime library (1.{MINOR_VERSION_MIN} or newer) in {VARIABLE}"
        ))
    })?;
    let path = folder.join(format!("onnxruntime-{VERSION}-cp312-cp312-{}.whl", wheel.platform));
    let found = sha256(&path).map_err(|error| Trouble::file(&path, error))?;
    if found != wheel.sha256 {
        return Err(Trouble::new(format!(
            "onnxruntime {VERSION} has the SHA-256 {found}, {} was expected",
            wheel.sha256
        ))
        .hint("the file is not the one that was pinned; nothing of it was kept"));
    }
    Ok(path)
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn file_name(member: &str) -> &str {
    member.rsplit('/').next().unwrap_or(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_version_is_the_one_mead_is_built_for() {
        let manifest = fs::read_to_string(tools::repository().join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&format!("\"api-{MINOR_VERSION_MIN}\"")));
    }

    #[test]
    fn the_library_carries_the_pinned_version() {
        assert!(MEMBERS[2].ends_with(VERSION));
    }

    #[test]
    fn checksums_are_hexadecimal() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "abc").unwrap();
        assert_eq!(sha256(file.path()).unwrap(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_named_library_that_is_not_there_is_an_error() {
        let error = named(Path::new("/nowhere/libonnxruntime.so")).unwrap_err().to_string();
        assert!(error.starts_with("ORT_DYLIB_PATH names /nowhere/libonnxruntime.so: "), "{error}");
    }
}
