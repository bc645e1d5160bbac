//! Who may cancel what: the process ids and secret keys that CancelRequest names.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

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
    sessions: Mutex<HashMap<i32, Cancellable>>,
}

struct Cancellable {
    key: Bytes,
    handle: CancelHandle,
}

impl CancelRegistry {
    /// Gives a session its key, which holds until the registration is dropped. `pid` is the session's own number.
    pub(crate) fn register(
        self: &Arc<Self>,
        pid: i32,
        handle: CancelHandle,
        long_key: bool,
    ) -> Result<Registration, Diagnostic> {
        let key = if long_key {
            Bytes::copy_from_slice(&random_bytes::<LONG_KEY_BYTES>()?)
        } else {
            Bytes::copy_from_slice(&random_bytes::<SHORT_KEY_BYTES>()?)
        };
        match self.sessions.lock().entry(pid) {
            Entry::Occupied(_) => Err(Diagnostic::internal(format!("two sessions have the number {pid}"))),
            Entry::Vacant(place) => {
                place.insert(Cancellable { key: key.clone(), handle });
                Ok(Registration { registry: Arc::clone(self), pid, key })
            }
        }
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
