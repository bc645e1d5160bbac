//! What serves one caller at a time, in as many copies as callers in parallel need.

use std::fmt;
use std::thread;
use std::time::Duration;

use mead_common::CancelFlag;
use parking_lot::{Condvar, Mutex};

use crate::Error;

/// Makes copies as they are needed, up to a number that memory and processors settle.
pub(super) struct Pool<T> {
    make: Box<dyn Fn() -> Result<T, Error> + Send + Sync>,
    /// What one takes, roughly.
    bytes: usize,
    copies_max: usize,
    state: Mutex<State<T>>,
    returned: Condvar,
}

struct State<T> {
    idle: Vec<T>,
    made: usize,
}

impl<T> Pool<T> {
    /// A pool with its first copy, so that what cannot be made fails here. `bytes`: of each.
    pub(super) fn new(
        bytes: usize,
        capacity_bytes: usize,
        make: impl Fn() -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let copies_max = (capacity_bytes / bytes.max(1)).clamp(1, processors);
        let state = Mutex::new(State { idle: vec![make()?], made: 1 });
        Ok(Self { make: Box::new(make), bytes, copies_max, state, returned: Condvar::new() })
    }

    /// An idle copy, a new one, or the next that somebody gives back.
    pub(super) fn take(&self, cancel: &CancelFlag) -> Result<Taken<'_, T>, Error> {
        let mut state = self.state.lock();
        loop {
            if let Some(reason) = cancel.reason() {
                return Err(reason.into());
            }
            if let Some(copy) = state.idle.pop() {
                return Ok(Taken { pool: self, copy: Some(copy) });
            }
            if state.made < self.copies_max {
                state.made += 1;
                break;
            }
            self.returned.wait_for(&mut state, Duration::from_millis(50));
        }
        drop(state);
        match (self.make)() {
            Ok(copy) => Ok(Taken { pool: self, copy: Some(copy) }),
            Err(error) => {
                self.state.lock().made -= 1;
                self.returned.notify_one();
                Err(error)
            }
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.state.lock().made * self.bytes
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("bytes", &self.bytes).field("copies_max", &self.copies_max).finish_non_exhaustive()
    }
}

/// A copy that goes back when it is dropped.
pub(super) struct Taken<'a, T> {
    pool: &'a Pool<T>,
    copy: Option<T>,
}

impl<T> Taken<'_, T> {
    pub(super) fn copy(&mut self) -> Result<&mut T, Error> {
        self.copy.as_mut().ok_or_else(|| Error::Runtime("what a pool lent was given back twice".to_owned()))
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        match self.copy.take() {
            Some(copy) => state.idle.push(copy),
            None => state.made -= 1,
        }
        self.pool.returned.notify_one();
    }
}
