//! Rows through a program: `SELECT TRANSFORM (…) USING '…'`.

mod exec;
mod node;

pub(crate) use node::{Program, TransformNode, TransformPlanner};
