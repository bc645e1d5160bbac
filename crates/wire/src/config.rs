//! What a server needs to know before it listens.

use std::path::PathBuf;
use std::time::Duration;

/// How to listen, and whom to let in.
#[derive(Debug, Clone)]
pub struct WireConfig {
    /// `HOST:PORT`; port 0 takes any free one.
    pub listen: String,
    /// The certificate to offer; without it connections are plain text, and only from this machine.
    pub tls: Option<TlsConfig>,
    /// Refuse clients who do not use TLS, from this machine too.
    pub require_tls: bool,
    /// Sessions at a time; one more is answered with 53300.
    pub max_connections: usize,
    /// How long a client may take to say who it is.
    pub authentication_timeout: Duration,
    /// How long running statements have to end when the server stops.
    pub shutdown_grace: Duration,
}

/// Two PEM files.
#[derive(Debug, Clone)]
pub struct TlsConfig {
    /// The certificate chain, the server's own first.
    pub certificate_file: PathBuf,
    pub key_file: PathBuf,
}

impl Default for WireConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:5433".to_owned(),
            tls: None,
            require_tls: false,
            max_connections: 100,
            authentication_timeout: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}
