//! Functions of XML: `xpath` and its kin, with XPath 1.0.

use std::sync::Arc;

use datafusion::arrow::array::{ListBuilder, StringBuilder};
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::DocSection;
use mead_common::{Diagnostic, sqlstate};
use sxd_xpath::nodeset::Node;
use sxd_xpath::{Context, Factory, Value};

use super::call::Call;
use super::definition::{BASE, Definition, Kind, bigint, boolean, double, int};
use crate::error::external;

pub(super) const SECTION: DocSection = DocSection {
    include: true,
    label: "Hive XML functions",
    description: Some("Paths are those of XPath 1.0. Of NULL and of empty text they are NULL."),
};

/// The longest path that is read: its parser calls itself.
const PATH_BYTES_MAX: usize = 4096;
/// The largest document.
const DOCUMENT_BYTES_MAX: usize = 64 << 20;

const ARGUMENTS: &[(&str, Kind, &str)] =
    &[("xml", Kind::Primitive, "A document."), ("path", Kind::Primitive, "What is looked for in it.")];

const XPATH_BASE: Definition = Definition { arguments: ARGUMENTS, section: &SECTION, ..BASE };

static XPATH: Definition = Definition {
    name: "xpath",
    result: |_| Ok(DataType::new_list(DataType::Utf8, true)),
    run: |call| {
        let found = each(call, |value| match value {
            Value::Nodeset(nodes) => nodes.document_order().into_iter().filter_map(content).collect(),
            _ => Vec::new(),
        })?;
        let mut lists = ListBuilder::new(StringBuilder::new());
        for texts in found {
            let valid = texts.is_some();
            texts.into_iter().flatten().for_each(|text| lists.values().append_value(text));
            lists.append(valid);
        }
        Ok(Arc::new(lists.finish()))
    },
    description: "The texts and attributes that a path finds.",
    example: "SELECT xpath('<a><b>1</b><b>2</b></a>', 'a/b/text()'); -- [\"1\",\"2\"]",
    ..XPATH_BASE
};

static XPATH_STRING: Definition = Definition {
    name: "xpath_string",
    run: |call| {
        let found = each(call, |value| value.string())?;
        call.texts(|row| found[row].as_deref())
    },
    description: "The text of the first node that a path finds.",
    example: "SELECT xpath_string('<a><b>x</b></a>', 'a/b'); -- x",
    ..XPATH_BASE
};

static XPATH_BOOLEAN: Definition = Definition {
    name: "xpath_boolean",
    result: boolean,
    run: |call| {
        let found = each(call, |value| value.boolean())?;
        call.booleans(|row| found[row])
    },
    description: "Whether a path finds a node, or an expression is true.",
    example: "SELECT xpath_boolean('<a><b>x</b></a>', 'a/b'); -- true",
    ..XPATH_BASE
};

static XPATH_SHORT: Definition = Definition {
    name: "xpath_short",
    result: |_| Ok(DataType::Int16),
    run: |call| {
        let found = each(call, |value| value.number() as i32 as i16)?;
        call.primitives::<Int16Type>(|row| found[row])
    },
    description: "What a path finds as a smallint; 0 for what is no number.",
    example: "SELECT xpath_short('<a><b>1</b><b>2</b></a>', 'sum(a/b)'); -- 3",
    ..XPATH_BASE
};

static XPATH_INT: Definition = Definition {
    name: "xpath_int",
    result: int,
    run: |call| {
        let found = each(call, |value| value.number() as i32)?;
        call.primitives::<Int32Type>(|row| found[row])
    },
    description: "What a path finds as an int; 0 for what is no number.",
    example: "SELECT xpath_int('<a><b>1</b><b>2</b></a>', 'sum(a/b)'); -- 3",
    ..XPATH_BASE
};

static XPATH_LONG: Definition = Definition {
    name: "xpath_long",
    result: bigint,
    run: |call| {
        let found = each(call, |value| value.number() as i64)?;
        call.primitives::<Int64Type>(|row| found[row])
    },
    description: "What a path finds as a bigint; 0 for what is no number.",
    example: "SELECT xpath_long('<a><b>1</b><b>2</b></a>', 'sum(a/b)'); -- 3",
    ..XPATH_BASE
};

static XPATH_FLOAT: Definition = Definition {
    name: "xpath_float",
    result: |_| Ok(DataType::Float32),
    run: |call| {
        let found = each(call, |value| value.number() as f32)?;
        call.primitives::<Float32Type>(|row| found[row])
    },
    description: "What a path finds as a float; NaN for what is no number.",
    example: "SELECT xpath_float('<a><b>1</b><b>2</b></a>', 'sum(a/b)'); -- 3.0",
    ..XPATH_BASE
};

static XPATH_DOUBLE: Definition = Definition {
    name: "xpath_double",
    aliases: &["xpath_number"],
    result: double,
    run: |call| {
        let found = each(call, |value| value.number())?;
        call.primitives::<Float64Type>(|row| found[row])
    },
    description: "What a path finds as a double precision number; NaN for what is no number.",
    example: "SELECT xpath_double('<a><b>1</b><b>2</b></a>', 'sum(a/b)'); -- 3.0",
    ..XPATH_BASE
};

pub(super) fn definitions() -> Vec<&'static Definition> {
    vec![&XPATH, &XPATH_BOOLEAN, &XPATH_DOUBLE, &XPATH_FLOAT, &XPATH_INT, &XPATH_LONG, &XPATH_SHORT, &XPATH_STRING]
}

/// Text and attributes have content; elements have none of their own.
fn content(node: Node) -> Option<String> {
    match node {
        Node::Text(text) => Some(text.text().to_owned()),
        Node::Attribute(attribute) => Some(attribute.value().to_owned()),
        Node::Comment(comment) => Some(comment.text().to_owned()),
        _ => None,
    }
}

/// What `read` makes of what each row's path finds.
fn each<T>(call: &Call, read: impl Fn(Value) -> T) -> Result<Vec<Option<T>>> {
    let (documents, paths) = (call.text(0)?, call.text(1)?);
    let factory = Factory::new();
    let mut results = Vec::with_capacity(call.rows);
    let mut known: Option<(String, sxd_xpath::XPath)> = None;
    for row in 0..call.rows {
        let given = documents.get(row).zip(paths.get(row)).filter(|(xml, path)| !xml.is_empty() && !path.is_empty());
        let Some((xml, path)) = given else {
            results.push(None);
            continue;
        };
        if known.as_ref().is_none_or(|(known, _)| known != path) {
            if path.len() > PATH_BYTES_MAX {
                return Err(call.invalid(format!("a path of more than {PATH_BYTES_MAX} bytes")));
            }
            let built = factory.build(path).ok().flatten();
            let built = built.ok_or_else(|| call.invalid(format!("invalid path \"{path}\"")))?;
            known = Some((path.to_owned(), built));
        }
        let Some((_, built)) = &known else { continue };
        if xml.len() > DOCUMENT_BYTES_MAX {
            return Err(call.invalid(format!("a document of more than {DOCUMENT_BYTES_MAX} bytes")));
        }
        let package = sxd_document::parser::parse(xml).map_err(|error| bad_document(call, &error.to_string()))?;
        let document = package.as_document();
        let value = built.evaluate(&Context::new(), document.root());
        let value = value.map_err(|error| call.invalid(format!("path \"{path}\": {error}")))?;
        results.push(Some(read(value)));
    }
    Ok(results)
}

fn bad_document(call: &Call, detail: &str) -> DataFusionError {
    let message = format!("invalid XML document in {}", call.definition.name);
    external(Diagnostic::new(sqlstate::INVALID_TEXT_REPRESENTATION, message).with_detail(detail.to_owned()))
}
