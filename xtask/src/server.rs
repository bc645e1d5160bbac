//! `mead serve` as a child process.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::runtime;
use crate::trouble::Trouble;

const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(60);

/// A running server, killed if it is dropped before it was stopped.
pub(crate) struct Server {
    child: Child,
    /// Kept open: a server whose output nobody can take would fail.
    _output: Lines<BufReader<ChildStdout>>,
    /// Where it listens: `127.0.0.1:5433`.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Server {
    /// Starts a server and waits until it is ready. Port 0 takes a free one.
    pub(crate) async fn start(binary: &Path, library: &Path, data_dir: &Path, port: u16) -> Result<Self, Trouble> {
        Self::start_with(binary, library, data_dir, port, &[]).await
    }

    /// The same, with more arguments for `mead serve`.
    pub(crate) async fn start_with(
        binary: &Path,
        library: &Path,
        data_dir: &Path,
        port: u16,
        arguments: &[&str],
    ) -> Result<Self, Trouble> {
        let mut command = Command::new(binary);
        command.arg("serve").arg("--data-dir").arg(data_dir).args(["--listen", &format!("127.0.0.1:{port}")]);
        command.args(arguments);
        command.env(runtime::VARIABLE, library).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| Trouble::file(binary, error))?;
        let Some(output) = child.stdout.take() else { return Err(Trouble::new("the server has no output")) };
        let mut output = BufReader::new(output).lines();
        let line = match timeout(START_TIMEOUT, output.next_line()).await {
            Ok(line) => line.map_err(|error| Trouble::new(format!("the server's output: {error}")))?,
            Err(_) => {
                return Err(Trouble::new(format!("mead serve was not ready within {} s", START_TIMEOUT.as_secs())));
            }
        };
        let Some(line) = line else {
            let status = child.wait().await.map_err(|error| Trouble::new(format!("mead serve: {error}")))?;
            return Err(Trouble::new(format!("mead serve did not start ({status}); its own words stand above")));
        };
        println!("{line}");
        let address = address(&line).ok_or_else(|| Trouble::new(format!("mead serve said \"{line}\"")))?;
        Ok(Self { child, _output: output, host: address.0, port: address.1 })
    }

    /// The process's number, until it was waited for.
    pub(crate) fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until the server ends of itself.
    pub(crate) async fn ended(&mut self) -> Trouble {
        match self.child.wait().await {
            Ok(status) => Trouble::new(format!("mead serve ended ({status}); its own words stand above")),
            Err(error) => Trouble::new(format!("mead serve: {error}")),
        }
    }

    /// Asks the server to end, and sees that it does so in good order.
    pub(crate) async fn stop(mut self) -> Result<(), Trouble> {
        if let Some(id) = self.child.id().and_then(|id| libc::pid_t::try_from(id).ok()) {
            // SAFETY: a plain system call. The id is our child's: nobody else can have it before the child is waited for.
            unsafe { libc::kill(id, libc::SIGTERM) };
        }
        let ended = timeout(STOP_TIMEOUT, self.child.wait()).await;
        let ended =
            ended.map_err(|_| Trouble::new(format!("mead serve did not end within {} s", STOP_TIMEOUT.as_secs())))?;
        match ended.map(|status| (status, ExitStatus::success(&status))) {
            Ok((_, true)) => Ok(()),
            Ok((status, false)) => Err(Trouble::new(format!("mead serve did not end well ({status})"))),
            Err(error) => Err(Trouble::new(format!("mead serve: {error}"))),
        }
    }
}

/// Host and port out of the line `mead is ready on HOST:PORT (…)`.
fn address(line: &str) -> Option<(String, u16)> {
    let address = line.strip_prefix("mead is ready on ")?.split_whitespace().next()?;
    let (host, port) = address.rsplit_once(':')?;
    Some((host.to_owned(), port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_in_the_line() {
        let found = address("mead is ready on 127.0.0.1:5433 (data in /tmp/d; trust)");
        assert_eq!(found, Some(("127.0.0.1".to_owned(), 5433)));
        assert_eq!(address("something else"), None);
    }
}
