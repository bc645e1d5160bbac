//! The base of `pg_proc`: the functions that a session can call.

use super::{Table, system_owner};
use crate::{Catalog, Error};

/// A function as `pg_proc` and `\df` show it. DataFusion's functions take families of types; arguments and results are
/// said in words where no one type can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionEntry {
    pub name: String,
    /// `prokind`: `f` for scalar and table functions, `a` for aggregates, `w` for window functions.
    pub kind: &'static str,
    /// The arguments' types, separated by commas.
    pub arguments: String,
    /// How many arguments it takes at least.
    pub argument_count: i16,
    /// The result's type, where it is the same in every call.
    pub result: String,
    /// `provolatile`: `i`, `s` or `v`.
    pub volatility: &'static str,
    /// True if it returns a set of rows.
    pub returns_set: bool,
    pub description: Option<String>,
}

/// Where OIDs of functions begin.
const FIRST_OID: i64 = 14_000;

impl Catalog {
    /// Tells what functions there are, in the order of their names; the engine does, once. Only the first call counts.
    pub fn set_functions(&self, functions: Vec<FunctionEntry>) {
        let _ = self.functions.set(functions);
    }

    /// The functions with their OIDs.
    pub fn functions(&self) -> Vec<(i64, &FunctionEntry)> {
        let entries = self.functions.get().map(Vec::as_slice).unwrap_or_default();
        entries.iter().enumerate().map(|(index, entry)| (FIRST_OID + index as i64, entry)).collect()
    }
}

pub(super) fn functions(catalog: &Catalog) -> Result<Table, Error> {
    let owner = system_owner(catalog)?;
    let rows = catalog.functions();
    Ok(Table::default()
        .bigint("owner_oid", rows.iter().map(|_| owner))
        .bigint("oid", rows.iter().map(|row| Some(row.0)))
        .text("name", rows.iter().map(|row| Some(&row.1.name)))
        .text("kind", rows.iter().map(|row| Some(row.1.kind)))
        .text("arguments", rows.iter().map(|row| Some(&row.1.arguments)))
        .smallint("argument_count", rows.iter().map(|row| Some(row.1.argument_count)))
        .text("result", rows.iter().map(|row| Some(&row.1.result)))
        .text("volatility", rows.iter().map(|row| Some(row.1.volatility)))
        .boolean("returns_set", rows.iter().map(|row| Some(row.1.returns_set)))
        .text("description", rows.iter().map(|row| row.1.description.as_ref())))
}
