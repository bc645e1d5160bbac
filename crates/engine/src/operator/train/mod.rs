//! Training as an operator: rows in, one MODEL per group and call out.

mod exec;
mod job;
mod node;
mod planner;
mod rows;
mod spill;
mod waiting;

pub(crate) use job::options_of;
pub(crate) use node::{TrainCall, TrainNode};
pub(crate) use planner::TrainPlanner;
