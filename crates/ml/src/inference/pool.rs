//! The runtime's sessions of one model. A session serves one caller at a time, so callers in parallel take several.

use std::fmt;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mead_common::CancelFlag;
use ort::session::Session;
use parking_lot::{Condvar, Mutex};

use super::runtime::{environment, runtime_error};
use crate::Error;

/// What a session takes besides its weights, roughly.
const OVERHEAD_BYTES: usize = 1 << 20;

/// A constant that is larger is computed by each run instead of once.
const FOLDED_BYTES_MAX: usize = 16 << 20;

/// Makes sessions as they are needed, up to a number that memory and processors settle.
pub(super) struct Pool {
    file: Arc<[u8]>,
    sessions_max: usize,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Session>,
    made: usize,
}

impl Pool {
    /// A pool with its first session, so that a file that the runtime refuses is refused here.
    pub(super) fn new(file: Arc<[u8]>, capacity_bytes: usize) -> Result<Self, Error> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let sessions_max = (capacity_bytes / session_bytes(&file)).clamp(1, processors);
        let first = session(&file)?;
        let state = Mutex::new(State { idle: vec![first], made: 1 });
        Ok(Self { file, sessions_max, state, returned: Condvar::new() })
    }

    /// An idle session, a new one, or the next that somebody gives back.
    pub(super) fn take(&self, cancel: &CancelFlag) -> Result<Taken<'_>, Error> {
        let mut state = self.state.lock();
        loop {
            if let Some(reason) = cancel.reason() {
                return Err(reason.into());
            }
            if let Some(session) = state.idle.pop() {
                return Ok(Taken { pool: self, session: Some(session) });
            }
            if state.made < self.sessions_max {
                state.made += 1;
                break;
            }
            self.returned.wait_for(&mut state, Duration::from_millis(50));
        }
        drop(state);
        match session(&self.file) {
            Ok(session) => Ok(Taken { pool: self, session: Some(session) }),
            Err(error) => {
                self.state.lock().made -= 1;
                self.returned.notify_one();
                Err(error)
            }
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.state.lock().made * session_bytes(&self.file)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("sessions_max", &self.sessions_max).finish_non_exhaustive()
    }
}

/// A session that goes back when it is dropped.
pub(super) struct Taken<'a> {
    pool: &'a Pool,
    session: Option<Session>,
}

impl Taken<'_> {
    pub(super) fn session(&mut self) -> Result<&mut Session, Error> {
        self.session.as_mut().ok_or_else(|| Error::Runtime("a session was given back twice".to_owned()))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        match self.session.take() {
            Some(session) => state.idle.push(session),
            None => state.made -= 1,
        }
        self.pool.returned.notify_one();
    }
}

/// Weights as they came and as they are packed, and what else a session needs.
fn session_bytes(file: &[u8]) -> usize {
    2 * file.len() + OVERHEAD_BYTES
}

/// One thread each: parallelism is the query's.
fn session(file: &[u8]) -> Result<Session, Error> {
    let environment = environment()?;
    let mut builder = Session::builder(&environment).map_err(runtime_error)?;
    builder = builder.with_intra_threads(1).map_err(runtime_error)?;
    builder = builder.with_inter_threads(1).map_err(runtime_error)?;
    // Patterns are kept for each number of rows that ever came; the arena does without.
    builder = builder.with_memory_pattern(false).map_err(runtime_error)?;
    builder = builder.with_config_entry("session.load_model_format", "ONNX").map_err(runtime_error)?;
    // The arena that all sessions share has a limit; what is computed while the file is loaded lies outside of it.
    builder = builder.with_env_allocators().map_err(runtime_error)?;
    let folded = FOLDED_BYTES_MAX.to_string();
    builder = builder
        .with_config_entry("optimization.constant_folding_max_output_size_in_bytes", folded)
        .map_err(runtime_error)?;
    builder
        .commit_from_memory(file)
        .map_err(|error| match runtime_error(error) {
            Error::Runtime(message) => Error::OnnxUnsupported(format!("ONNX Runtime refuses it: {message}")),
            other => other,
        })
}
