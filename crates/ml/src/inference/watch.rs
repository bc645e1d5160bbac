//! Stops runs of the runtime whose statement was cancelled: one thread looks at the flags of all that are running.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use mead_common::CancelFlag;
use ort::session::RunOptions;
use parking_lot::{Condvar, Mutex};

use super::runtime::runtime_error;
use crate::Error;

/// How often flags are looked at while anything runs.
const INTERVAL: Duration = Duration::from_millis(50);

/// One call of a model. While it lives, cancelling its flag ends the runs that use its options.
pub(super) struct Watched {
    options: Arc<RunOptions>,
    id: u64,
}

impl Watched {
    pub(super) fn new(cancel: &CancelFlag) -> Result<Self, Error> {
        let options = Arc::new(RunOptions::new().map_err(runtime_error)?);
        let watch = watch();
        let mut running = watch.running.lock();
        running.last_id += 1;
        let id = running.last_id;
        running.calls.push(Call { id, cancel: cancel.clone(), options: Arc::clone(&options) });
        watch.woken.notify_one();
        Ok(Self { options, id })
    }

    pub(super) fn options(&self) -> &RunOptions {
        &self.options
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        watch().running.lock().calls.retain(|call| call.id != self.id);
    }
}

struct Call {
    id: u64,
    cancel: CancelFlag,
    options: Arc<RunOptions>,
}

#[derive(Default)]
struct Running {
    calls: Vec<Call>,
    last_id: u64,
}

#[derive(Default)]
struct Watch {
    running: Mutex<Running>,
    woken: Condvar,
}

fn watch() -> &'static Watch {
    static WATCH: OnceLock<&'static Watch> = OnceLock::new();
    WATCH.get_or_init(|| {
        // Lives as long as the process.
        let watch: &'static Watch = Box::leak(Box::default());
        let started = thread::Builder::new().name("mead-watch".to_owned()).spawn(|| look(watch));
        if let Err(error) = started {
            // Cancelling still works between batches.
            tracing::warn!(%error, "no thread to stop cancelled predictions");
        }
        watch
    })
}

fn look(watch: &Watch) {
    loop {
        let mut running = watch.running.lock();
        while running.calls.is_empty() {
            watch.woken.wait(&mut running);
        }
        for call in running.calls.iter().filter(|call| call.cancel.is_cancelled()) {
            if let Err(error) = call.options.terminate() {
                tracing::warn!(%error, "a cancelled prediction could not be stopped");
            }
        }
        drop(running);
        thread::sleep(INTERVAL);
    }
}
