//! The base of `pg_type`.

use super::{Table, system_owner};
use crate::pg_type_rows::type_rows;
use crate::{Catalog, Error};

pub(super) fn types(catalog: &Catalog) -> Result<Table, Error> {
    let owner = system_owner(catalog)?;
    let rows = type_rows();
    // Pseudo-types that are only names have no binary form.
    let binary = |oid: u32| oid != 2276;
    let function = |suffix: &str| {
        let suffix = suffix.to_owned();
        move |stem: &str| Some(format!("{stem}{suffix}"))
    };
    let (input, output, receive, send) = (function("in"), function("out"), function("recv"), function("send"));
    let modifier = |row: &crate::pg_type_rows::TypeRow, suffix: &str| match row.modified {
        true => Some(format!("{}typmod{suffix}", row.name.trim_start_matches('_'))),
        false => Some("-".to_owned()),
    };
    let or_none = |name: Option<String>, there: bool| if there { name } else { Some("-".to_owned()) };
    let subscript = |row: &crate::pg_type_rows::TypeRow| match (row.category, row.oid) {
        ("A", _) | (_, 2287) => "array_subscript_handler",
        (_, 19) => "raw_array_subscript_handler",
        (_, 3802) => "jsonb_subscript_handler",
        _ => "-",
    };
    Ok(Table::default()
        .bigint("owner_oid", rows.iter().map(|_| owner))
        .bigint("oid", rows.iter().map(|row| Some(i64::from(row.oid))))
        .text("name", rows.iter().map(|row| Some(row.name.as_ref())))
        .smallint("length", rows.iter().map(|row| Some(row.length)))
        .boolean("by_value", rows.iter().map(|row| Some(row.by_value)))
        .text("kind", rows.iter().map(|row| Some(row.kind)))
        .text("category", rows.iter().map(|row| Some(row.category)))
        .boolean("preferred", rows.iter().map(|row| Some(row.preferred)))
        .text("subscript", rows.iter().map(|row| Some(subscript(row))))
        .bigint("element_oid", rows.iter().map(|row| Some(i64::from(row.element))))
        .bigint("array_oid", rows.iter().map(|row| Some(i64::from(row.array_oid))))
        .text("input", rows.iter().map(|row| input(row.functions)))
        .text("output", rows.iter().map(|row| output(row.functions)))
        .text("receive", rows.iter().map(|row| or_none(receive(row.functions), binary(row.oid))))
        .text("send", rows.iter().map(|row| or_none(send(row.functions), binary(row.oid))))
        .text("modifier_input", rows.iter().map(|row| modifier(row, "in")))
        .text("modifier_output", rows.iter().map(|row| modifier(row, "out")))
        .text("align", rows.iter().map(|row| Some(row.align)))
        .text("storage", rows.iter().map(|row| Some(row.storage)))
        .bigint("collation_oid", rows.iter().map(|row| Some(i64::from(row.collation)))))
}
