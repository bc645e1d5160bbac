//! A busy neighbour: a thread of this process that computes without pause on one core.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::trouble::Trouble;

/// Computes until it is dropped.
pub(super) struct Neighbour {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Neighbour {
    /// Occupies the first core that this process may use, and stays on it.
    pub(super) fn start() -> Result<Self, Trouble> {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn({
            let stop = Arc::clone(&stop);
            move || {
                let stays = stay_on_first_core();
                let begins = stays.is_ok();
                let _ = sender.send(stays);
                let mut count = 0_u64;
                while begins && !stop.load(Ordering::Relaxed) {
                    count = black_box(count.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
                }
            }
        });
        let neighbour = Self { stop, thread: Some(thread) };
        let started = receiver.recv().map_err(|_| Trouble::new("the busy neighbour did not start"))?;
        started.map_err(|error| Trouble::new(format!("the busy neighbour could not be given a core: {error}")))?;
        Ok(neighbour)
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It cannot panic.
            let _ = thread.join();
        }
    }
}

/// Binds the calling thread to one core.
fn stay_on_first_core() -> std::io::Result<()> {
    let size = std::mem::size_of::<libc::cpu_set_t>();
    // SAFETY: a set of cores is plain bits, of which zeros are none; both calls are given one of the size they are told.
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size, &raw mut allowed) != 0 {
            return Err(std::io::Error::last_os_error());
        }
        let count = usize::try_from(libc::CPU_SETSIZE).unwrap_or(0);
        let first = (0..count).find(|&core| libc::CPU_ISSET(core, &allowed));
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(first.unwrap_or(0), &mut one);
        if libc::sched_setaffinity(0, size, &raw const one) != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn processor_seconds() -> f64 {
        // SAFETY: the call fills a struct of numbers.
        let usage = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            libc::getrusage(libc::RUSAGE_SELF, &raw mut usage);
            usage
        };
        usage.ru_utime.tv_sec as f64 + usage.ru_utime.tv_usec as f64 / 1e6
    }

    #[test]
    fn it_takes_processor_time_until_it_is_dropped() {
        let before = processor_seconds();
        let neighbour = Neighbour::start().unwrap();
        let limit = Instant::now() + Duration::from_secs(60);
        while processor_seconds() < before + 0.05 && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(processor_seconds() >= before + 0.05);
        drop(neighbour);
    }
}
