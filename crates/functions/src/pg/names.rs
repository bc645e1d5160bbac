//! Which schemas unqualified names are looked for in, names as text, and names as OIDs.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use mead_catalog::{Class, schema_name};
use mead_common::{Diagnostic, SqlState, sqlstate};

use super::call::{Builder, Parameter};
use crate::context::FunctionContext;
use crate::error::external;

/// The schemas of the search path that exist, in order; `pg_catalog` last where the path does not name it.
pub(super) fn search_path(context: &FunctionContext) -> Result<Vec<String>> {
    let mut path = named_path(context)?;
    if !path.iter().any(|name| name == "pg_catalog") {
        path.push("pg_catalog".to_owned());
    }
    Ok(path)
}

/// The schemas that the search path names and that exist.
pub(super) fn named_path(context: &FunctionContext) -> Result<Vec<String>> {
    let mut path = Vec::new();
    for name in context.session.search_path() {
        let name = schema_name(&name).to_owned();
        if !path.contains(&name) && context.catalog.schema_exists(&name).map_err(external)? {
            path.push(name);
        }
    }
    Ok(path)
}

/// Where unqualified names are created.
pub(super) fn current_schema(context: &FunctionContext) -> Result<Option<String>> {
    Ok(named_path(context)?.into_iter().next())
}

/// The relations that an unqualified name finds: in each name the first of the search path.
pub(super) fn visible(context: &FunctionContext) -> Result<HashSet<i64>> {
    let path = search_path(context)?;
    let classes = context.catalog.classes().map_err(external)?;
    let mut seen: HashSet<&str> = HashSet::new();
    let mut visible = HashSet::new();
    for schema in &path {
        let here: Vec<&Class> = classes.iter().filter(|class| class.schema == *schema).collect();
        visible.extend(here.iter().filter(|class| !seen.contains(class.name.as_str())).map(|class| class.oid));
        seen.extend(here.iter().map(|class| class.name.as_str()));
    }
    Ok(visible)
}

/// The relation that a name means, which may be quoted and qualified; `None` if there is none, 42602 if it is no name.
pub(super) fn relation(context: &FunctionContext, text: &str) -> Result<Option<Class>> {
    let parts = parse(text)?;
    let classes = context.catalog.classes().map_err(external)?;
    let (schemas, name) = match parts.as_slice() {
        [name] => (search_path(context)?, name),
        [schema, name] => (vec![schema_name(schema).to_owned()], name),
        [database, schema, name] if *database == context.session.database() => {
            (vec![schema_name(schema).to_owned()], name)
        }
        _ => return Ok(None),
    };
    let find = |schema: &String| classes.iter().find(|class| class.schema == *schema && class.name == *name);
    Ok(schemas.iter().find_map(find).cloned())
}

/// A type whose values are the OIDs of named objects: the function that a cast to it is.
pub(super) struct NamedObjects {
    pub type_name: &'static str,
    /// What the objects are: schema, role.
    pub noun: &'static str,
    /// The error for a name that none has.
    pub undefined: SqlState,
    pub find: fn(&FunctionContext, &str) -> Result<Option<i64>>,
}

impl NamedObjects {
    /// `type_name(value)`: a name, which must be one; digits and OIDs as they are; 0 for a dash.
    pub fn function(self, context: &Arc<FunctionContext>) -> ScalarUDF {
        let context = Arc::clone(context);
        let Self { type_name, noun, undefined, find } = self;
        let description =
            format!("The OID of a {noun}, as a cast to {type_name} gives it; an unknown name is an error.");
        Builder::new(type_name, &format!("{type_name}(value)"), &description)
            .form(&[Parameter::NameOrOid])
            .argument("value", "The name, as SQL writes it, or the OID itself.")
            .returns(DataType::Int64)
            .body(move |call| {
                call.oids(|row| {
                    if let Some(oid) = call.oid(0, row) {
                        return Ok(Some(oid));
                    }
                    let Some(name) = call.text(0, row) else { return Ok(None) };
                    match name.trim() {
                        "-" => Ok(Some(0)),
                        digits if digits.parse::<u32>().is_ok() => Ok(digits.parse::<i64>().ok()),
                        _ => match find(&context, name)? {
                            Some(oid) => Ok(Some(oid)),
                            None => {
                                Err(external(Diagnostic::new(undefined, format!("{noun} \"{name}\" does not exist"))))
                            }
                        },
                    }
                })
            })
    }
}

/// 42P01: there is no such relation.
pub(super) fn undefined_relation(text: &str) -> datafusion::error::DataFusionError {
    external(Diagnostic::new(sqlstate::UNDEFINED_TABLE, format!("relation \"{text}\" does not exist")))
}

/// The parts of a name as they are stored: quoted ones as they stand, others in lower case.
pub(super) fn parse(text: &str) -> Result<Vec<String>> {
    let invalid = || external(Diagnostic::new(sqlstate::INVALID_NAME, format!("invalid name syntax: \"{text}\"")));
    let mut parts = Vec::new();
    let mut letters = text.trim().chars().peekable();
    loop {
        let mut part = String::new();
        if letters.next_if_eq(&'"').is_some() {
            loop {
                match letters.next() {
                    Some('"') if letters.next_if_eq(&'"').is_some() => part.push('"'),
                    Some('"') => break,
                    Some(letter) => part.push(letter),
                    None => return Err(invalid()),
                }
            }
        } else {
            while let Some(letter) = letters.next_if(|letter| *letter != '.' && *letter != '"') {
                part.extend(letter.to_lowercase());
            }
            part = part.trim().to_owned();
        }
        if part.is_empty() {
            return Err(invalid());
        }
        parts.push(part);
        match letters.next() {
            Some('.') => {}
            None => return Ok(parts),
            Some(_) => return Err(invalid()),
        }
    }
}

/// A name as SQL has to write it: quoted where it is not a plain lower-case word, or where it is a reserved one.
pub(super) fn quote(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&name);
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Words that PostgreSQL 15 does not take as a bare name of a table or column, or not in every place.
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between",
    "bigint", "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check", "coalesce",
    "collate", "collation", "column", "concurrently", "constraint", "create", "cross", "current_catalog",
    "current_date", "current_role", "current_schema", "current_time", "current_timestamp", "current_user", "dec",
    "decimal", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "exists", "extract",
    "false", "fetch", "float", "for", "foreign", "freeze", "from", "full", "grant", "greatest", "group", "grouping",
    "having", "ilike", "in", "initially", "inner", "inout", "int", "integer", "intersect", "interval", "into", "is",
    "isnull", "join", "lateral", "leading", "least", "left", "like", "limit", "localtime", "localtimestamp",
    "national", "natural", "nchar", "none", "normalize", "not", "notnull", "null", "nullif", "numeric", "offset",
    "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position", "precision",
    "primary", "real", "references", "returning", "right", "row", "select", "session_user", "setof", "similar",
    "smallint", "some", "substring", "symmetric", "table", "tablesample", "then", "time", "timestamp", "to",
    "trailing", "treat", "trim", "true", "union", "unique", "user", "using", "values", "varchar", "variadic",
    "verbose", "when", "where", "window", "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists",
    "xmlforest", "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_as_sql_does() {
        assert_eq!(parse("Shop.\"My \"\"T\"\".x\"").unwrap(), ["shop", "My \"T\".x"]);
        for wrong in ["", "a.", ".a", "\"a", "a b\"c", "\"a\"b"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(quote("people"), "people");
        assert_eq!(quote("People"), "\"People\"");
        assert_eq!(quote("select"), "\"select\"");
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote("1a"), "\"1a\"");
    }
}
