//! The reference page of our functions, written from their documentation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use datafusion::logical_expr::Documentation;
use mead_common::Dialect;

use crate::context::FunctionContext;
use crate::hive;
use crate::{aggregate_functions, form, ml, scalar_functions};

/// docs/reference/functions.md: a section a family, in each the functions by name.
pub fn reference_markdown(context: &Arc<FunctionContext>) -> String {
    let mut sections: BTreeMap<&str, (Option<&str>, BTreeMap<String, String>)> = BTreeMap::new();
    for (name, documentation) in documented(context) {
        let Some(documentation) = documentation else { continue };
        if !documentation.doc_section.include {
            continue;
        }
        let section = sections.entry(documentation.doc_section.label).or_default();
        section.0 = section.0.or(documentation.doc_section.description);
        section.1.insert(name.clone(), entry(&name, &documentation));
    }
    let mut page = "# Functions\n\n<!-- Written by `cargo xtask reference`; change the functions' documentation instead. -->\n\n\
                    Functions that mead adds to those of Apache DataFusion. Arguments in brackets may be left out; those \
                    written `name => value` may be given in any order after the others.\n"
        .to_owned();
    for (label, (description, entries)) in sections {
        let _ = write!(page, "\n## {label}\n");
        if let Some(description) = description {
            let _ = write!(page, "\n{description}\n");
        }
        entries.values().for_each(|entry| page.push_str(entry));
    }
    page
}

/// docs/reference/hive-functions.md: the same for the functions that sessions in the dialects hive and spark have.
pub fn hive_reference_markdown(context: &Arc<FunctionContext>) -> String {
    let hive = hive::documented(Dialect::Hive, context);
    let spark = hive::documented(Dialect::Spark, context);
    let mut sections: BTreeMap<&str, (Option<&str>, BTreeMap<String, String>)> = BTreeMap::new();
    for (name, (aliases, documentation)) in spark.iter().chain(&hive) {
        let section = sections.entry(documentation.doc_section.label).or_default();
        section.0 = section.0.or(documentation.doc_section.description);
        let mut text = entry(name, documentation);
        if !aliases.is_empty() {
            let aliases: Vec<String> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
            let _ = write!(text, "\nAlso called {}.\n", aliases.join(", "));
        }
        if !hive.contains_key(name) {
            text.push_str("\nOnly in the dialect spark.\n");
        }
        section.1.insert(name.clone(), text);
    }
    let mut page = "# Functions of Hive and Spark\n\n<!-- Written by `cargo xtask reference`; change the functions' documentation instead. -->\n\n\
                    What sessions can call after `SET dialect = 'hive'` or `'spark'`, beyond or instead of what all sessions \
                    can. Where the dialects differ, the description says so.\n"
        .to_owned();
    for (label, (description, entries)) in sections {
        let _ = write!(page, "\n## {label}\n");
        if let Some(description) = description {
            let _ = write!(page, "\n{description}\n");
        }
        entries.values().for_each(|entry| page.push_str(entry));
    }
    page
}

/// Every function with its documentation.
pub(crate) fn documented(context: &Arc<FunctionContext>) -> Vec<(String, Option<Documentation>)> {
    let scalar = scalar_functions(context)
        .into_iter()
        .map(|function| (function.name().to_owned(), function.documentation().cloned()));
    let aggregate = aggregate_functions(context)
        .into_iter()
        .map(|function| (function.name().to_owned(), function.documentation().cloned()));
    let relations = ml::relations().into_iter().map(|(name, documentation)| (name.to_owned(), Some(documentation)));
    let forms = form::forms().into_iter().map(|(name, documentation)| (name.to_owned(), Some(documentation)));
    scalar.chain(aggregate).chain(relations).chain(forms).collect()
}

fn entry(name: &str, documentation: &Documentation) -> String {
    let mut entry =
        format!("\n### {name}\n\n{}\n\n```sql\n{}\n```\n", documentation.description, documentation.syntax_example);
    for syntax in documentation.alternative_syntax.iter().flatten() {
        let _ = write!(entry, "\n```sql\n{syntax}\n```\n");
    }
    if let Some(arguments) = &documentation.arguments {
        entry.push('\n');
        for (argument, description) in arguments {
            let _ = writeln!(entry, "- `{argument}`: {description}");
        }
    }
    if let Some(example) = &documentation.sql_example {
        let _ = write!(entry, "\nExample:\n\n{}\n", example.trim());
    }
    if let Some(related) = &documentation.related_udfs {
        let links: Vec<_> = related.iter().map(|name| format!("[{name}](#{name})")).collect();
        let _ = write!(entry, "\nSee also: {}\n", links.join(", "));
    }
    entry
}
