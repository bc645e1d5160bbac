//! Values written as text, for the types that neither Arrow nor DataFusion reads as Postgres does. A literal, a parameter and
//! a field of a file are read by the same code.

mod interval;
mod json;
mod uuid;

pub use interval::{Interval, fraction, interval};
pub use json::json;
pub use uuid::{UUID_BYTES, uuid, uuid_text};

/// A message is not the place for a megabyte.
fn shorten(text: &str) -> &str {
    text.char_indices().nth(200).map_or(text, |(end, _)| &text[..end])
}
