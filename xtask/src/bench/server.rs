//! A server for one benchmark: a data directory of its own, a free port, gone when the benchmark ends.

use std::path::Path;

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::server;
use crate::trouble::Trouble;

/// A running server. Dropping it kills it; [`Server::stop`] ends it in good order.
pub(super) struct Server {
    // Fields go in this order: the child before what it needs.
    inner: server::Server,
    executor: Runtime,
    folder: TempDir,
    address: String,
}

impl Server {
    /// Starts `binary` with more arguments, and waits until it is ready.
    pub(super) fn start(binary: &Path, library: &Path, arguments: &[&str]) -> Result<Self, Trouble> {
        let folder = tempfile::Builder::new().prefix("mead-bench-").tempdir();
        let folder = folder.map_err(|error| Trouble::new(format!("a temporary folder: {error}")))?;
        let executor = Builder::new_current_thread().enable_all().build();
        let executor = executor.map_err(|error| Trouble::new(format!("could not start: {error}")))?;
        let data_dir = folder.path().join("data");
        let start = server::Server::start_with(binary, library, &data_dir, 0, arguments);
        let inner = executor.block_on(start)?;
        let address = format!("{}:{}", inner.host, inner.port);
        Ok(Self { inner, executor, folder, address })
    }

    /// HOST:PORT.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn host(&self) -> &str {
        &self.inner.host
    }

    pub(super) fn port(&self) -> u16 {
        self.inner.port
    }

    /// The process's number.
    pub(super) fn process(&self) -> Result<u32, Trouble> {
        self.inner.process().ok_or_else(|| Trouble::new("the server has ended"))
    }

    /// A folder for files, which goes with the server.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it; anything but a good end is an error.
    pub(super) fn stop(self) -> Result<(), Trouble> {
        self.executor.block_on(self.inner.stop())
    }
}
