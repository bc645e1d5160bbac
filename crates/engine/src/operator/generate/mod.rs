//! The rows that a table function makes of each row of its input.

mod exec;
mod node;
mod planner;

pub(crate) use node::GenerateNode;
pub(crate) use planner::GeneratePlanner;
