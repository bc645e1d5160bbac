//! The configuration: command line over MEAD_* variables (clap's work) over file over defaults.

use std::path::{Path, PathBuf};

use mead_common::scram::ScramVerifier;
use mead_engine::EngineConfig;
use mead_wire::{TlsConfig, WireConfig};
use serde::Deserialize;

use crate::{CommonArgs, ServeArgs};

/// Where a server listens unless told otherwise.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:5433";

/// The configuration file. Unknown names are errors.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    data_dir: Option<PathBuf>,
    memory_limit: Option<String>,
    threads: Option<usize>,
    #[serde(default)]
    allow_paths: Vec<PathBuf>,
    listen: Option<String>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    require_tls: Option<bool>,
    max_connections: Option<usize>,
    #[serde(default)]
    pub(crate) users: Vec<User>,
}

/// A user of the configuration file, made or changed at start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) name: String,
    password: Option<String>,
    verifier: Option<String>,
    #[serde(default)]
    pub(crate) superuser: bool,
}

impl User {
    /// What is kept of the password.
    pub(crate) fn verifier(&self) -> Result<String, String> {
        match (&self.password, &self.verifier) {
            (Some(password), None) => match ScramVerifier::from_password(password) {
                Ok(verifier) => Ok(verifier.to_string()),
                Err(error) => Err(error.to_string()),
            },
            (None, Some(verifier)) => match verifier.parse::<ScramVerifier>() {
                Ok(verifier) => Ok(verifier.to_string()),
                Err(error) => Err(format!("user \"{}\": verifier: {error}", self.name)),
            },
            _ => Err(format!("user \"{}\" needs either password or verifier", self.name)),
        }
    }
}

pub(crate) fn read_file(path: Option<&Path>) -> Result<File, String> {
    let Some(path) = path else { return Ok(File::default()) };
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// `data_dir`: what to take when nobody says.
pub(crate) fn engine(args: &CommonArgs, file: &File, data_dir: &Path) -> Result<EngineConfig, String> {
    let data_dir = args.data_dir.as_ref().or(file.data_dir.as_ref()).map_or(data_dir, PathBuf::as_path);
    let mut config = EngineConfig::new(data_dir);
    if let Some(size) = args.memory_limit.as_ref().or(file.memory_limit.as_ref()) {
        config.memory_limit_bytes = bytes(size)?;
    }
    if let Some(threads) = args.threads.or(file.threads) {
        if threads == 0 {
            return Err("threads must be 1 or more".to_owned());
        }
        config.cpu_threads = threads;
    }
    config.allowed_paths =
        if args.allow_paths.is_empty() { file.allow_paths.clone() } else { args.allow_paths.clone() };
    Ok(config)
}

pub(crate) fn wire(args: &ServeArgs, file: &File) -> Result<WireConfig, String> {
    let certificate = args.tls_cert.as_ref().or(file.tls_cert.as_ref());
    let key = args.tls_key.as_ref().or(file.tls_key.as_ref());
    let tls = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            Some(TlsConfig { certificate_file: certificate.clone(), key_file: key.clone() })
        }
        (None, None) => None,
        _ => return Err("TLS needs both a certificate (tls_cert) and its key (tls_key)".to_owned()),
    };
    let mut config = WireConfig {
        listen: args.listen.clone().or(file.listen.clone()).unwrap_or_else(|| DEFAULT_LISTEN.to_owned()),
        tls,
        require_tls: args.require_tls || file.require_tls.unwrap_or(false),
        ..WireConfig::default()
    };
    if let Some(most) = args.max_connections.or(file.max_connections) {
        config.max_connections = most;
    }
    Ok(config)
}

/// `512MiB`, `4GB`, `1073741824`.
fn bytes(text: &str) -> Result<usize, String> {
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let number: f64 = trimmed[..digits].parse().map_err(|_| format!("\"{text}\" is not a size such as 4GiB"))?;
    let factor = match trimmed[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" | "kib" => 1024.0,
        "m" | "mb" | "mib" => 1024.0 * 1024.0,
        "g" | "gb" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "t" | "tb" | "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        unit => return Err(format!("\"{unit}\" is not a unit of memory; use MiB or GiB")),
    };
    let size = number * factor;
    if size < 16.0 * 1024.0 * 1024.0 {
        return Err(format!("{text} is too little memory; 16MiB is the least"));
    }
    Ok(size as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("64MiB"), Ok(64 << 20));
        assert_eq!(bytes("1.5 GB"), Ok(3 << 29));
        assert!(bytes("lots").is_err());
        assert!(bytes("1k").is_err());
    }

    #[test]
    fn unknown_names_in_the_file_are_errors() {
        assert!(toml::from_str::<File>("listn = 'x'").is_err());
        assert!(toml::from_str::<File>("[[users]]\nname = 'ada'\npassword = 'x'").is_ok());
    }
}
