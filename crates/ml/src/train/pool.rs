//! Worker threads that live as long as a training, park between phases, and take chunks one by one.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};

/// The workers' shared state. `T` says what a phase does.
#[derive(Debug)]
pub(super) struct Pool<T> {
    state: Mutex<State<T>>,
    begin: Condvar,
    end: Condvar,
    next: AtomicUsize,
}

#[derive(Debug)]
struct State<T> {
    phase: Option<T>,
    generation: u64,
    chunks: usize,
    running: usize,
    stop: bool,
    /// A worker has panicked: nobody counts down for it any more.
    panicked: bool,
}

impl<T: Copy + Send> Pool<T> {
    pub(super) fn new() -> Self {
        let state = State { phase: None, generation: 0, chunks: 0, running: 0, stop: false, panicked: false };
        Self { state: Mutex::new(state), begin: Condvar::new(), end: Condvar::new(), next: AtomicUsize::new(0) }
    }

    /// Runs `work` with `workers` more threads beside the caller's, which calls [`Self::run`].
    pub(super) fn scope<R>(&self, workers: usize, work: &(impl Fn(T, usize) + Sync), body: impl FnOnce() -> R) -> R {
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| self.worker(work));
            }
            // The workers must be told to stop even if the body panics, or the scope would wait for ever.
            let _stop = StopOnDrop(self);
            body()
        })
    }

    /// One phase over `chunks` chunks; returns when all are done. The caller works too.
    pub(super) fn run(&self, workers: usize, phase: T, chunks: usize, work: &(impl Fn(T, usize) + Sync)) {
        self.next.store(0, Ordering::SeqCst);
        if workers > 0 && chunks > 1 {
            let mut state = self.state.lock();
            state.phase = Some(phase);
            state.generation += 1;
            state.chunks = chunks;
            state.running = workers;
            self.begin.notify_all();
        }
        self.take(phase, chunks, work);
        if workers > 0 && chunks > 1 {
            let mut state = self.state.lock();
            while state.running > 0 {
                self.end.wait(&mut state);
            }
            assert!(!state.panicked, "a worker panicked");
        }
    }

    fn take(&self, phase: T, chunks: usize, work: &(impl Fn(T, usize) + Sync)) {
        loop {
            let chunk = self.next.fetch_add(1, Ordering::SeqCst);
            if chunk >= chunks {
                return;
            }
            work(phase, chunk);
        }
    }

    fn worker(&self, work: &(impl Fn(T, usize) + Sync)) {
        let mut seen = 0;
        loop {
            let (phase, chunks) = {
                let mut state = self.state.lock();
                while state.generation == seen && !state.stop {
                    self.begin.wait(&mut state);
                }
                if state.stop {
                    return;
                }
                seen = state.generation;
                let Some(phase) = state.phase else { return };
                (phase, state.chunks)
            };
            // Counts down even if the work panics; the scope passes the panic on.
            let _done = DoneOnDrop(self);
            self.take(phase, chunks, work);
        }
    }
}

struct StopOnDrop<'a, T>(&'a Pool<T>);

impl<T> Drop for StopOnDrop<'_, T> {
    fn drop(&mut self) {
        self.0.state.lock().stop = true;
        self.0.begin.notify_all();
    }
}

struct DoneOnDrop<'a, T>(&'a Pool<T>);

impl<T> Drop for DoneOnDrop<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.running -= 1;
        state.panicked |= std::thread::panicking();
        if state.running == 0 {
            self.0.end.notify_all();
        }
    }
}
