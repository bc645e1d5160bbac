//! Worker threads that live as long as a training, park between phases, and take tasks one by one.
//!
//! A phase lasts some hundred microseconds, waking a parked thread some tens: whoever waits therefore looks for the next
//! phase a little while before it parks, no longer than a wake-up would have taken.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Condvar, Mutex};

/// How often a waiting thread looks before it parks: some ten microseconds.
const LOOKS: usize = 1500;

/// The workers' shared state. `T` says what a phase does.
#[derive(Debug)]
pub(super) struct Pool<T> {
    state: Mutex<State<T>>,
    begin: Condvar,
    end: Condvar,
    /// The number of the phase, for those who look before they park; `state` decides.
    generation: AtomicU64,
    /// Workers that have not finished the phase.
    running: AtomicUsize,
    next: AtomicUsize,
}

#[derive(Debug)]
struct State<T> {
    phase: Option<T>,
    generation: u64,
    tasks: usize,
    stop: bool,
    /// A worker has panicked: nobody counts down for it any more.
    panicked: bool,
}

impl<T: Copy + Send> Pool<T> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State { phase: None, generation: 0, tasks: 0, stop: false, panicked: false }),
            begin: Condvar::new(),
            end: Condvar::new(),
            generation: AtomicU64::new(0),
            running: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
        }
    }

    /// Runs `work` with `workers` more threads beside the caller's, which calls [`Self::run`]. Fails if the system gives no
    /// more threads.
    pub(super) fn scope<R>(
        &self,
        workers: usize,
        work: &(impl Fn(T, usize) + Sync),
        body: impl FnOnce() -> R,
    ) -> std::io::Result<R> {
        std::thread::scope(|scope| {
            // The workers must be told to stop whatever happens here, or the scope would wait for ever.
            let _stop = StopOnDrop(self);
            for _ in 0..workers {
                let thread = std::thread::Builder::new().name("mead-train-work".to_owned());
                thread.spawn_scoped(scope, || self.worker(work))?;
            }
            Ok(body())
        })
    }

    /// One phase over `tasks` tasks; returns when all are done. The caller works too.
    pub(super) fn run(&self, workers: usize, phase: T, tasks: usize, work: &(impl Fn(T, usize) + Sync)) {
        self.next.store(0, Ordering::SeqCst);
        if workers == 0 || tasks <= 1 {
            return self.take(phase, tasks, work);
        }
        {
            let mut state = self.state.lock();
            state.phase = Some(phase);
            state.generation += 1;
            state.tasks = tasks;
            self.running.store(workers, Ordering::SeqCst);
            self.generation.store(state.generation, Ordering::SeqCst);
            self.begin.notify_all();
        }
        self.take(phase, tasks, work);
        look(|| self.running.load(Ordering::SeqCst) == 0);
        let mut state = self.state.lock();
        while self.running.load(Ordering::SeqCst) > 0 {
            self.end.wait(&mut state);
        }
        assert!(!state.panicked, "a worker panicked");
    }

    fn take(&self, phase: T, tasks: usize, work: &(impl Fn(T, usize) + Sync)) {
        loop {
            let task = self.next.fetch_add(1, Ordering::SeqCst);
            if task >= tasks {
                return;
            }
            work(phase, task);
        }
    }

    fn worker(&self, work: &(impl Fn(T, usize) + Sync)) {
        let mut seen = 0;
        loop {
            look(|| self.generation.load(Ordering::SeqCst) != seen);
            let (phase, tasks) = {
                let mut state = self.state.lock();
                while state.generation == seen && !state.stop {
                    self.begin.wait(&mut state);
                }
                if state.stop {
                    return;
                }
                seen = state.generation;
                let Some(phase) = state.phase else { return };
                (phase, state.tasks)
            };
            // Counts down even if the work panics; the scope passes the panic on.
            let _done = DoneOnDrop(self);
            self.take(phase, tasks, work);
        }
    }
}

/// Looks a little while for what is about to happen.
fn look(happened: impl Fn() -> bool) {
    for _ in 0..LOOKS {
        if happened() {
            return;
        }
        std::hint::spin_loop();
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
        if std::thread::panicking() {
            self.0.state.lock().panicked = true;
        }
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            // Under the lock, or the caller could miss it between its look and its wait.
            let _state = self.0.state.lock();
            self.0.end.notify_all();
        }
    }
}
