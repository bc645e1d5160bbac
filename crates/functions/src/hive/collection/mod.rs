//! Functions of arrays, maps and structs.

mod lists;

pub(super) use lists::Lists;
