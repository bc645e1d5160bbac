//! The functions that a session can call, as `pg_proc` lists them.

use std::collections::BTreeSet;

use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Documentation, Signature, Volatility};
use mead_catalog::FunctionEntry;
use mead_catalog::pg_type::PgType;
use mead_catalog::pg_type_rows::format_type;

/// All functions by name, each alias as a function of its own.
pub(crate) fn function_list(state: &SessionState) -> Vec<FunctionEntry> {
    let scalar = state.scalar_functions().iter().map(|(name, function)| {
        let returns = |types: &[DataType]| function.return_type(types).ok();
        let fixed = mead_functions::pg::fixed_return_type(function);
        entry(name, "f", function.signature(), function.documentation(), returns, fixed)
    });
    let aggregate = state.aggregate_functions().iter().map(|(name, function)| {
        let returns = |types: &[DataType]| function.inner().return_type(types).ok();
        entry(name, "a", function.signature(), function.documentation(), returns, None)
    });
    let window = state
        .window_functions()
        .iter()
        .map(|(name, function)| entry(name, "w", function.signature(), function.documentation(), |_| None, None));
    let mut entries: Vec<FunctionEntry> = scalar.chain(aggregate).chain(window).collect();
    // An aggregate is a window function too, and is listed once.
    entries.sort_by(|left, right| (&left.name, left.kind).cmp(&(&right.name, right.kind)));
    entries.dedup_by(|later, first| later.name == first.name);
    entries
}

/// The same with the functions that only sessions of other dialects can call, which their descriptions name.
pub(crate) fn with_other_dialects(
    mut own: Vec<FunctionEntry>,
    others: [(&str, &SessionState); 2],
) -> Vec<FunctionEntry> {
    let mut known: BTreeSet<String> = own.iter().map(|entry| entry.name.clone()).collect();
    for (dialect, state) in others {
        for mut entry in function_list(state) {
            if known.insert(entry.name.clone()) {
                entry.description = Some(match entry.description {
                    Some(description) => format!("{description} (dialect {dialect})"),
                    None => format!("(dialect {dialect})"),
                });
                own.push(entry);
            }
        }
    }
    own.sort_by(|left, right| left.name.cmp(&right.name));
    own
}

fn entry(
    name: &str,
    kind: &'static str,
    signature: &Signature,
    documentation: Option<&Documentation>,
    returns: impl Fn(&[DataType]) -> Option<DataType>,
    fixed: Option<DataType>,
) -> FunctionEntry {
    let examples = signature.type_signature.get_example_types();
    let results: BTreeSet<String> = match fixed {
        Some(data_type) => BTreeSet::from([type_name(&data_type)]),
        None => examples.iter().map(|types| returns(types).map_or_else(any, |found| type_name(&found))).collect(),
    };
    FunctionEntry {
        name: name.to_owned(),
        kind,
        arguments: documentation
            .and_then(arguments)
            .unwrap_or_else(|| signature.type_signature.to_string_repr().join(", ")),
        argument_count: examples.iter().map(Vec::len).min().and_then(|count| i16::try_from(count).ok()).unwrap_or(0),
        result: match results.len() {
            1 => results.into_iter().next().unwrap_or_else(any),
            _ => any(),
        },
        volatility: match signature.volatility {
            Volatility::Immutable => "i",
            Volatility::Stable => "s",
            Volatility::Volatile => "v",
        },
        returns_set: false,
        description: documentation.map(|documentation| documentation.description.trim().to_owned()),
    }
}

fn any() -> String {
    "\"any\"".to_owned()
}

/// What stands between the parentheses of the documented call.
fn arguments(documentation: &Documentation) -> Option<String> {
    let (_, rest) = documentation.syntax_example.split_once('(')?;
    let (arguments, _) = rest.rsplit_once(')')?;
    Some(arguments.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn type_name(data_type: &DataType) -> String {
    let found = PgType::of_field(&Field::new("result", data_type.clone(), true)).ok();
    found.and_then(|found| format_type(found.oid(), None)).unwrap_or_else(any)
}
