//! Running plans: on the engine's own threads, cancellable, with notices on the way.

mod abort;
mod context;
mod running;
mod stream;

pub(crate) use abort::AbortOnDrop;
pub use context::StatementContext;
pub(crate) use context::{ActiveStatements, TimeoutGuard};
pub use running::Running;
pub(crate) use stream::spawn;
