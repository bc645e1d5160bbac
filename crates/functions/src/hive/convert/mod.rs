//! How Hive reads a value of one type as one of another: what does not fit becomes NULL.

pub(crate) mod boolean;
pub(crate) mod common;
mod decimal;
mod interval;
mod nested;
pub(crate) mod number;
pub(crate) mod temporal;
pub mod text;
pub(crate) mod value;

pub use nested::shown_text;
pub(crate) use value::convert;
