//! A process's resident memory: how far it grows while something runs, and the most it ever was.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::trouble::Trouble;

/// How often memory is looked at.
const PERIOD: Duration = Duration::from_millis(20);

/// Watches a process until it is asked for the result.
pub(super) struct MemoryWatch {
    before: u64,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl MemoryWatch {
    pub(super) fn start(process: u32) -> Result<Self, Trouble> {
        let before = resident_bytes(process)?;
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let mut most = before;
                while !stop.load(Ordering::Relaxed) {
                    // A process that has ended no longer grows; that it ended shows elsewhere.
                    most = most.max(resident_bytes(process).unwrap_or(0));
                    std::thread::sleep(PERIOD);
                }
                most
            }
        });
        Ok(Self { before, stop, thread })
    }

    /// Bytes at the start, and the most by which they grew.
    pub(super) fn stop(self) -> Result<(u64, u64), Trouble> {
        self.stop.store(true, Ordering::Relaxed);
        let most = self.thread.join().map_err(|_| Trouble::new("the thread that watches memory panicked"))?;
        Ok((self.before, most - self.before))
    }
}

fn resident_bytes(process: u32) -> Result<u64, Trouble> {
    status_bytes(process, "VmRSS:")
}

/// The most that was resident since the process began.
pub(super) fn peak_bytes(process: u32) -> Result<u64, Trouble> {
    status_bytes(process, "VmHWM:")
}

/// A size in /proc/PROCESS/status.
fn status_bytes(process: u32, name: &str) -> Result<u64, Trouble> {
    let path = PathBuf::from(format!("/proc/{process}/status"));
    let text = std::fs::read_to_string(&path).map_err(|error| Trouble::file(&path, error))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kibibytes.map(|number| number * 1024).ok_or_else(|| Trouble::file(&path, format!("it has no {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_no_less_than_what_is_resident() -> Result<(), Trouble> {
        let touched = std::hint::black_box(vec![1_u8; 20_000_000]);
        let resident = resident_bytes(std::process::id())?;
        assert!(resident > touched.len() as u64);
        assert!(peak_bytes(std::process::id())? >= resident);
        Ok(())
    }
}
