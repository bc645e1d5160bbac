//! `mead serve` as a child process on a port of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to say that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A running server. It is killed when this is dropped, and its data removed if they were its own.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it said when it was ready.
    pub ready: String,
    pub data: PathBuf,
    log: PathBuf,
    _folder: Option<TempDir>,
}

/// A server that did not start: how it ended, and what it said.
#[derive(Debug)]
pub struct Refusal {
    pub status: ExitStatus,
    pub stderr: String,
}

/// The binary under test, without whatever MEAD_* variables the tests themselves run under.
pub fn mead() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mead"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MEAD_") {
            command.env_remove(name);
        }
    }
    command
}

impl Server {
    /// A server over an empty data directory, on loopback.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// The same with more arguments or variables.
    pub fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        match Self::try_start(&data, Some(folder), change) {
            Ok(server) => server,
            Err(refusal) => panic!("the server did not start ({}): {}", refusal.status, refusal.stderr),
        }
    }

    /// A server over a data directory that stays when the server goes.
    pub fn open(data: &Path) -> Self {
        Self::open_with(data, |_| {})
    }

    pub fn open_with(data: &Path, change: impl FnOnce(&mut Command)) -> Self {
        match Self::try_start(data, None, change) {
            Ok(server) => server,
            Err(refusal) => panic!("the server did not open {} again: {}", data.display(), refusal.stderr),
        }
    }

    /// Starts a server, or tells why there is none. `--listen` and `--data-dir` are set unless `change` says otherwise.
    pub fn try_start(
        data: &Path,
        folder: Option<TempDir>,
        change: impl FnOnce(&mut Command),
    ) -> Result<Self, Box<Refusal>> {
        let mut command = mead();
        command.arg("serve").arg("--data-dir").arg(data).arg("--listen").arg("127.0.0.1:0");
        change(&mut command);
        Self::launch(command, data, folder)
    }

    /// Starts exactly this command.
    pub fn launch(mut command: Command, data: &Path, folder: Option<TempDir>) -> Result<Self, Box<Refusal>> {
        let log = data.with_extension(format!("{}.log", NEXT_LOG.fetch_add(1, std::sync::atomic::Ordering::Relaxed)));
        let stderr = std::fs::File::create(&log).expect("a file for the server's log");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let mut child = command.spawn().expect("the binary under test can be run");
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            // Lives as long as the child: a closed pipe would be an error to whoever prints.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let ready = match receiver.recv_timeout(READY_WITHIN) {
            Ok(line) => line,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                let status = child.wait().expect("the child can be waited for");
                let stderr = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(Box::new(Refusal { status, stderr }));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                panic!("the server was not ready within {READY_WITHIN:?}");
            }
        };
        let address = ready
            .strip_prefix("mead is ready on ")
            .and_then(|rest| rest.split(' ').next())
            .and_then(|address| address.parse().ok())
            .unwrap_or_else(|| panic!("the line of a ready server was {ready:?}"));
        Ok(Self { child, address, ready, data: data.to_owned(), log, _folder: folder })
    }

    /// One server for all tests of a file. It ends with the test process.
    pub fn shared() -> &'static Server {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            let server = Server::start();
            SHARED_CHILD.get_or_init(|| (server.child.id(), server.folder()));
            // SAFETY: the handler only calls kill(2) and removes a folder; it reads what was set just above.
            unsafe { libc::atexit(end_shared) };
            server
        })
    }

    fn folder(&self) -> PathBuf {
        self._folder.as_ref().map(|folder| folder.path().to_owned()).unwrap_or_default()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Resident memory now, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the server runs");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("VmRSS");
        let kibibytes: u64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number");
        kibibytes * 1024
    }

    /// Processor time used so far, user's and system's, in seconds.
    pub fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("the server runs");
        // The command's name, in parentheses, may hold spaces: fields count from behind it (proc(5)).
        let rest = stat.rsplit_once(')').expect("a name").1;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: u64 = [11, 12].iter().map(|&field| fields[field].parse::<u64>().expect("ticks")).sum();
        // SAFETY: sysconf only reads.
        let per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
        ticks as f64 / per_second as f64
    }

    /// SIGTERM; gives how the server ended, and after how long.
    pub fn terminate(mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        self.signal(libc::SIGTERM);
        let status = self.wait(Duration::from_secs(30));
        (status, start.elapsed())
    }

    pub fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: the child has not been waited for, so its number is still its own.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "the server could not be sent a signal");
    }

    /// SIGKILL: what a power cut is to a process.
    pub fn kill(mut self) {
        self.child.kill().expect("the server runs");
        self.child.wait().expect("the child can be waited for");
    }

    fn wait(&mut self, patience: Duration) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                return status;
            }
            assert!(start.elapsed() < patience, "the server did not end within {patience:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

static NEXT_LOG: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

static SHARED_CHILD: OnceLock<(u32, PathBuf)> = OnceLock::new();

extern "C" fn end_shared() {
    if let Some((pid, folder)) = SHARED_CHILD.get() {
        // SAFETY: kill(2) of our own child.
        unsafe { libc::kill(*pid as i32, libc::SIGKILL) };
        let _ = std::fs::remove_dir_all(folder);
    }
}
