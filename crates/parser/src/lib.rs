//! SQL text becomes statements: Postgres's and Hive's, over sqlparser.
//!
//! The one entry point is [`parse`]. Queries keep sqlparser's syntax tree, which DataFusion plans; what mead adds
//! (models, external tables, directories) has statements of its own. The parser knows no catalog.

mod cursor;
mod dialect;
mod error;
mod hive;
mod rewrite;
mod split;
mod statement;
mod time_travel;

pub use dialect::select;
pub use error::Error;
pub use hive::{Piece, SessionCommand, VariableKind, parse_one, pieces, query_of_view, substitute};
pub use rewrite::{LateralView, TRANSFORM, column_name, data_type, empty_select, query as query_of, transform_format};
pub use split::{Parsed, parse};
pub use sqlparser;
pub use statement::*;
pub use time_travel::{AsOfName, as_of};
