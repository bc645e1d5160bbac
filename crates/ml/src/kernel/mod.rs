//! The arithmetic that training spends its time in: one general matrix product, in a form for each instruction set.

mod isa;
mod product;

pub use isa::Isa;
pub use product::{Product, multiply, multiply_plain};
