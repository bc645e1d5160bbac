//! Sessions kept by the hash of their model and its engine, up to a number of bytes; those asked for longest ago go first.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::engine::{Choice, Engine};
use super::session::InferenceSession;
use crate::Error;
use crate::model::Model;

/// One per server, shared by all threads.
#[derive(Debug)]
pub struct InferenceCache {
    capacity_bytes: usize,
    kept: Mutex<Kept>,
}

impl InferenceCache {
    /// A cache of sessions of at most `capacity_bytes`; a single larger one is kept nevertheless, while it is the newest.
    pub fn new(capacity_bytes: usize) -> Self {
        Self { capacity_bytes, kept: Mutex::default() }
    }

    /// The session of a model in the engine that suits it; it is made at the first call, once for all who wait for it.
    pub fn session(&self, model: &Model) -> Result<Arc<InferenceSession>, Error> {
        self.session_with(model, Engine::Auto)
    }

    /// The same, for an engine.
    pub fn session_with(&self, model: &Model, engine: Engine) -> Result<Arc<InferenceSession>, Error> {
        let key = (model.hash().to_owned(), engine);
        let place = self.kept.lock().place(&key);
        let mut session = place.lock();
        if let Some(session) = &*session {
            return Ok(Arc::clone(session));
        }
        let made = InferenceSession::with(model, engine, self.capacity_bytes).map(Arc::new);
        match &made {
            Ok(made) => *session = Some(Arc::clone(made)),
            // The next one who asks tries again.
            Err(_) => self.kept.lock().remove(&key, &place),
        }
        drop(session);
        self.kept.lock().shrink(self.capacity_bytes);
        made
    }

    /// Who computes a model, and why, as EXPLAIN tells it; nothing is loaded for it.
    pub fn choice(&self, model: &Model, engine: Engine) -> Result<Choice, Error> {
        let key = (model.hash().to_owned(), engine);
        match self.kept.lock().choice(&key) {
            Some(choice) => Ok(choice),
            None => engine.choose(model),
        }
    }

    /// Bytes that the kept sessions take, as far as they are known.
    pub fn memory_bytes(&self) -> usize {
        self.kept.lock().bytes()
    }
}

/// A session, or the place for one that is being made.
type Place = Arc<Mutex<Option<Arc<InferenceSession>>>>;

/// A model's hash and the engine that was asked for.
type Key = (String, Engine);

#[derive(Debug, Default)]
struct Kept {
    places: HashMap<Key, (u64, Place)>,
    clock: u64,
}

impl Kept {
    fn place(&mut self, key: &Key) -> Place {
        self.clock += 1;
        let clock = self.clock;
        let (used, place) = self.places.entry(key.clone()).or_default();
        *used = clock;
        Arc::clone(place)
    }

    fn remove(&mut self, key: &Key, place: &Place) {
        if self.places.get(key).is_some_and(|(_, kept)| Arc::ptr_eq(kept, place)) {
            self.places.remove(key);
        }
    }

    fn choice(&self, key: &Key) -> Option<Choice> {
        let (_, place) = self.places.get(key)?;
        place.try_lock()?.as_ref().map(|session| session.choice().clone())
    }

    fn bytes(&self) -> usize {
        self.places.values().map(|(_, place)| bytes(place)).sum()
    }

    fn shrink(&mut self, capacity_bytes: usize) {
        let mut total = self.bytes();
        while total > capacity_bytes && self.places.len() > 1 {
            // A session in the making is the newest; its bytes are not known yet.
            let Some(key) = self.places.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone()) else {
                return;
            };
            if let Some((_, place)) = self.places.remove(&key) {
                total -= bytes(&place);
            }
        }
    }
}

fn bytes(place: &Place) -> usize {
    place.try_lock().and_then(|session| session.as_ref().map(|session| session.memory_bytes())).unwrap_or(0)
}
