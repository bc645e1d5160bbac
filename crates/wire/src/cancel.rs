//! Who may cancel what: the process ids and secret keys that CancelRequest names.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use mead_common::scram::{constant_time_eq, random_bytes};
use mead_common::{CancelReason, Diagnostic};
use mead_engine::CancelHandle;
use parking_lot::Mutex;
use pgwire::messages::cancel::CancelRequest;
use pgwire::messages::startup::SecretKey;

/// Key lengths in bytes: protocol 3.0 has room for four.
const SHORT_KEY_BYTES: usize = 4;
const LONG_KEY_BYTES: usize = 32;

/// The sessions of one server.
#[derive(Default)]
pub(crate) struct CancelRegistry {
    sessions: Mutex<HashMap<i32, Entry>>,
    last_pid: AtomicU32,
}

struct Entry {
    key: Bytes,
    handle: CancelHandle,
}

impl CancelRegistry {
    /// Gives a session its id and key, which hold until the registration is dropped.
    pub(crate) fn register(self: &Arc<Self>, handle: CancelHandle, long_key: bool) -> Result<Registration, Diagnostic> {
        let key = if long_key {
            Bytes::copy_from_slice(&random_bytes::<LONG_KEY_BYTES>()?)
        } else {
            Bytes::copy_from_slice(&random_bytes::<SHORT_KEY_BYTES>()?)
        };
        let mut sessions = self.sessions.lock();
        let pid = loop {
            // Ids are positive, and come round after two thousand million connections.
            let pid = (self.last_pid.fetch_add(1, Ordering::Relaxed) & 0x7fff_ffff) as i32;
            if pid != 0 && !sessions.contains_key(&pid) {
                break pid;
            }
        };
        sessions.insert(pid, Entry { key: key.clone(), handle });
        Ok(Registration { registry: Arc::clone(self), pid, key })
    }

    /// Cancels what the named session runs, if the key is right; says nothing otherwise.
    pub(crate) fn cancel(&self, request: &CancelRequest) {
        let handle = match self.sessions.lock().get(&request.pid) {
            Some(entry) if constant_time_eq(&entry.key, &request.secret_key.to_bytes()) => entry.handle.clone(),
            Some(_) => {
                tracing::warn!(pid = request.pid, "a cancel request had a wrong key");
                return;
            }
            None => return,
        };
        handle.cancel(CancelReason::User);
    }
}

/// A session's place in the registry.
pub(crate) struct Registration {
    registry: Arc<CancelRegistry>,
    pid: i32,
    key: Bytes,
}

impl Registration {
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    pub(crate) fn secret_key(&self) -> SecretKey {
        SecretKey::Bytes(self.key.clone())
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.sessions.lock().remove(&self.pid);
    }
}
