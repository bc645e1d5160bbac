//! Why a server could not start.

use std::net::SocketAddr;
use std::path::PathBuf;

use mead_common::{Diagnostic, sqlstate};

/// An error of the wire, before there is a client to hear of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not listen on \"{address}\": {source}")]
    Listen { address: String, source: std::io::Error },

    #[error("could not read \"{path}\": {source}")]
    ReadTlsFile { path: PathBuf, source: std::io::Error },

    #[error("no certificate in \"{0}\"")]
    NoCertificate(PathBuf),

    #[error("no private key in \"{0}\"")]
    NoPrivateKey(PathBuf),

    #[error("the certificate and the private key cannot be used: {0}")]
    Tls(#[from] rustls::Error),

    #[error("TLS is required but has no certificate and key")]
    TlsRequiredWithoutCertificate,

    #[error("refusing to listen on {0} without TLS: it is not a loopback address")]
    NoTls(SocketAddr),

    #[error("refusing to listen on {0} without passwords: it is not a loopback address, and no role has a password")]
    NoPasswords(SocketAddr),

    #[error("{0}")]
    Engine(#[source] Diagnostic),
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Listen { source, .. } => Diagnostic::new(sqlstate::IO_ERROR, message).with_source(source),
            Error::ReadTlsFile { source, .. } => {
                Diagnostic::new(sqlstate::CONFIG_FILE_ERROR, message).with_source(source)
            }
            Error::NoTls(_) => Diagnostic::new(sqlstate::CONFIG_FILE_ERROR, message)
                .with_hint("set a TLS certificate and key, or listen on 127.0.0.1"),
            Error::NoPasswords(_) => Diagnostic::new(sqlstate::CONFIG_FILE_ERROR, message)
                .with_hint("create a role with a password first, or listen on 127.0.0.1"),
            Error::Engine(diagnostic) => diagnostic,
            Error::NoCertificate(_) | Error::NoPrivateKey(_) | Error::Tls(_) | Error::TlsRequiredWithoutCertificate => {
                Diagnostic::new(sqlstate::CONFIG_FILE_ERROR, message)
            }
        }
    }
}
