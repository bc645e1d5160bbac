//! The Postgres wire protocol: messages in, rows out.
//!
//! Entry points: [`Server::bind`] and [`Server::serve`]. A connection goes through `startup` (encryption, who it is),
//! then `connection` takes its messages one by one; `simple` and `extended` are the two ways to ask, `rows` streams what
//! comes back through `encode`, `decode` reads parameters. This crate is the only one that knows Postgres's messages; it
//! knows no SQL.

mod authentication;
mod calendar;
mod cancel;
mod channel;
mod client;
mod config;
mod connection;
mod decode;
mod encode;
mod error;
mod extended;
mod frame;
mod portal;
mod report;
mod rows;
mod server;
mod simple;
mod startup;
mod tls;
mod types;

pub use config::{TlsConfig, WireConfig};
pub use error::Error;
pub use server::Server;
pub use types::{MODIFIER_METADATA, TYPE_METADATA};
