//! A task that ends when nobody waits for it any more.

use std::pin::Pin;
use std::task::{Context, Poll};

use mead_common::Diagnostic;
use tokio::task::JoinHandle;

/// Aborts its task when dropped.
pub(crate) struct AbortOnDrop<T>(JoinHandle<Result<T, Diagnostic>>);

impl<T> AbortOnDrop<T> {
    pub(crate) fn new(handle: JoinHandle<Result<T, Diagnostic>>) -> Self {
        Self(handle)
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, Diagnostic>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|joined| {
            joined
                .unwrap_or_else(|error| Err(Diagnostic::internal("a task of the statement failed").with_source(error)))
        })
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
