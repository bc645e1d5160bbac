//! Operators that are otherwise in Hive and Spark than in DataFusion, as functions that the planner puts in their place.
//! Users do not call them by name.

mod cast;
mod decimal;
mod divide;
mod interval;
mod member_of_each;

pub use cast::{Length, hive_cast};
pub use decimal::{DecimalOperator, decimal_operator, decimal_type};
pub use divide::{divide, divide_whole};
pub use interval::{interval_divide, interval_length, interval_multiply};
pub use member_of_each::member_of_each;
