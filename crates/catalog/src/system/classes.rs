//! Relations and their columns: the base of `pg_class`, `pg_attribute` and `information_schema`.

use std::collections::HashMap;

use datafusion::arrow::datatypes::{Field, SchemaRef};

use super::{SYSTEM_OWNER, Table, VIEWS, role_oids, system_schema_oid};
use crate::database::SYSTEM_SCHEMAS;
use crate::pg_type::PgType;
use crate::pg_type_rows::type_row;
use crate::{Catalog, Error, RelationKind};

/// Where OIDs of views begin that PostgreSQL does not have as a table.
const FIRST_VIEW_OID: i64 = 13_100;

/// OIDs that PostgreSQL itself gives to relations of `pg_catalog`; clients know some by heart.
#[rustfmt::skip]
const KNOWN_OIDS: [(&str, i64); 51] = [
    ("pg_am", 2601), ("pg_attrdef", 2604), ("pg_attribute", 1249), ("pg_auth_members", 1261), ("pg_cast", 2605),
    ("pg_class", 1259), ("pg_collation", 3456), ("pg_constraint", 2606), ("pg_conversion", 2607), ("pg_database", 1262),
    ("pg_db_role_setting", 2964), ("pg_default_acl", 826), ("pg_depend", 2608), ("pg_description", 2609), ("pg_enum", 3501),
    ("pg_event_trigger", 3466), ("pg_extension", 3079), ("pg_foreign_data_wrapper", 2328), ("pg_foreign_server", 1417),
    ("pg_foreign_table", 3118), ("pg_index", 2610), ("pg_inherits", 2611), ("pg_language", 2612),
    ("pg_largeobject", 2613), ("pg_namespace", 2615), ("pg_opclass", 2616), ("pg_operator", 2617),
    ("pg_partitioned_table", 3350), ("pg_policy", 3256), ("pg_proc", 1255), ("pg_publication", 6104),
    ("pg_publication_namespace", 6237), ("pg_publication_rel", 6106), ("pg_range", 3541), ("pg_rewrite", 2618),
    ("pg_seclabel", 3596), ("pg_sequence", 2224), ("pg_shdepend", 1214), ("pg_shdescription", 2396),
    ("pg_statistic_ext", 3381), ("pg_subscription", 6100), ("pg_subscription_rel", 6102), ("pg_tablespace", 1213),
    ("pg_trigger", 2620), ("pg_ts_config", 3602), ("pg_ts_dict", 3600), ("pg_ts_parser", 3601), ("pg_ts_template", 3764),
    ("pg_type", 1247), ("pg_user_mapping", 1418), ("pg_aggregate", 2600),
];

/// A view of the system with the columns it has.
#[derive(Debug, Clone)]
pub(crate) struct SystemView {
    pub schema: &'static str,
    pub name: &'static str,
    pub columns: SchemaRef,
}

/// A table or a view, the system's among them.
#[derive(Debug, Clone)]
pub struct Class {
    pub oid: i64,
    pub name: String,
    pub schema: String,
    pub owner: String,
    /// True for views.
    pub view: bool,
    /// A view's query.
    pub definition: Option<String>,
    pub comment: Option<String>,
}

impl Catalog {
    /// All tables and views: the users', then the system's.
    pub fn classes(&self) -> Result<Vec<Class>, Error> {
        let own = self.relations(None)?.into_iter().map(|relation| Class {
            oid: relation.oid,
            name: relation.new.name,
            schema: relation.new.schema,
            owner: relation.new.owner,
            view: relation.new.kind == RelationKind::View,
            definition: relation.new.definition,
            comment: relation.new.comment,
        });
        let system = VIEWS.iter().enumerate().map(|(index, (schema, name, text))| Class {
            oid: view_oid(index),
            name: (*name).to_owned(),
            schema: (*schema).to_owned(),
            owner: SYSTEM_OWNER.to_owned(),
            view: true,
            definition: Some(query_of(text).to_owned()),
            comment: comment_of(text),
        });
        Ok(own.chain(system).collect())
    }
}

impl Catalog {
    /// All schemas with their OIDs: the users', then the system's.
    pub fn named_schemas(&self) -> Result<Vec<(i64, String)>, Error> {
        let own = self.schemas()?.into_iter().map(|(oid, name, _)| (oid, name));
        Ok(own.chain(SYSTEM_SCHEMAS.iter().map(|name| (system_schema_oid(name), (*name).to_owned()))).collect())
    }

    /// True for the schemas that the system fills.
    pub fn is_system_schema(&self, name: &str) -> bool {
        SYSTEM_SCHEMAS.contains(&name)
    }
}

fn view_oid(index: usize) -> i64 {
    let (_, name, _) = VIEWS[index];
    let known = KNOWN_OIDS.iter().find(|(known, _)| *known == name).map(|(_, oid)| *oid);
    known.unwrap_or(FIRST_VIEW_OID + index as i64)
}

/// The lines of a view's text that begin with `--` say what the view is.
fn comment_of(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("--")).map(str::trim).collect();
    (!lines.is_empty()).then(|| lines.join(" "))
}

fn query_of(text: &str) -> &str {
    let mut rest = text.trim();
    while rest.starts_with("--") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest.trim_start());
    }
    rest
}

pub(super) fn classes(catalog: &Catalog, views: &[SystemView]) -> Result<Table, Error> {
    let rows = catalog.classes()?;
    let widths = widths(catalog, views)?;
    let roles = role_oids(catalog)?;
    let schemas: HashMap<String, i64> = catalog.schemas()?.into_iter().map(|(oid, name, _)| (name, oid)).collect();
    let schema_oid = |name: &str| schemas.get(name).copied().unwrap_or_else(|| system_schema_oid(name));
    Ok(Table::default()
        .bigint("oid", rows.iter().map(|row| Some(row.oid)))
        .text("name", rows.iter().map(|row| Some(&row.name)))
        .bigint("schema_oid", rows.iter().map(|row| Some(schema_oid(&row.schema))))
        .text("schema_name", rows.iter().map(|row| Some(&row.schema)))
        .bigint("owner_oid", rows.iter().map(|row| roles.get(&row.owner).copied()))
        .text("owner", rows.iter().map(|row| Some(&row.owner)))
        .text("kind", rows.iter().map(|row| Some(if row.view { "v" } else { "r" })))
        .smallint("width", rows.iter().map(|row| widths.get(&row.oid).copied()))
        .text("definition", rows.iter().map(|row| row.definition.as_ref()))
        .text("comment", rows.iter().map(|row| row.comment.as_ref())))
}

/// How many columns each relation has.
fn widths(catalog: &Catalog, views: &[SystemView]) -> Result<HashMap<i64, i16>, Error> {
    let count = |schema: &SchemaRef| i16::try_from(schema.fields().len()).unwrap_or(i16::MAX);
    Ok(column_lists(catalog, views)?.iter().map(|(oid, columns)| (*oid, count(columns))).collect())
}

/// The columns of every relation whose columns are known, by OID.
fn column_lists(catalog: &Catalog, views: &[SystemView]) -> Result<Vec<(i64, SchemaRef)>, Error> {
    let own = catalog.relations(None)?;
    let own = own.iter().map(|relation| (relation.oid, relation.all_columns()));
    let index_of = |view: &SystemView| VIEWS.iter().position(|row| row.0 == view.schema && row.1 == view.name);
    let system = views.iter().filter_map(|view| Some((view_oid(index_of(view)?), SchemaRef::clone(&view.columns))));
    Ok(own.chain(system).collect())
}

pub(super) fn attributes(catalog: &Catalog, views: &[SystemView]) -> Result<Table, Error> {
    let mut rows = Vec::new();
    for (oid, columns) in column_lists(catalog, views)? {
        for (index, field) in columns.fields().iter().enumerate() {
            rows.push(Attribute::new(oid, index, field));
        }
    }
    Ok(Table::default()
        .bigint("class_oid", rows.iter().map(|row| Some(row.class_oid)))
        .text("name", rows.iter().map(|row| Some(&row.name)))
        .smallint("number", rows.iter().map(|row| Some(row.number)))
        .bigint("type_oid", rows.iter().map(|row| Some(row.type_oid)))
        .integer("modifier", rows.iter().map(|row| Some(row.modifier)))
        .integer("dimensions", rows.iter().map(|row| Some(row.dimensions)))
        .boolean("not_null", rows.iter().map(|row| Some(row.not_null))))
}

/// A column as `pg_attribute` has it.
struct Attribute {
    class_oid: i64,
    name: String,
    number: i16,
    type_oid: i64,
    modifier: i32,
    dimensions: i32,
    not_null: bool,
}

impl Attribute {
    fn new(class_oid: i64, index: usize, field: &Field) -> Self {
        // What cannot be sent has no type that clients know.
        let (type_oid, modifier) = match PgType::of_field(field) {
            Ok(found) => (i64::from(found.oid()), found.modifier),
            Err(_) => (705, -1),
        };
        Self {
            class_oid,
            name: field.name().clone(),
            number: i16::try_from(index + 1).unwrap_or(i16::MAX),
            type_oid,
            modifier,
            dimensions: i32::from(type_row(type_oid as u32).is_some_and(|row| row.category == "A")) * depth(field),
            not_null: !field.is_nullable(),
        }
    }
}

/// How deep lists are nested.
fn depth(field: &Field) -> i32 {
    use datafusion::arrow::datatypes::DataType;
    match field.data_type() {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => 1 + depth(item),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_of_views_are_distinct_and_below_the_users() {
        let mut oids: Vec<i64> = (0..VIEWS.len()).map(view_oid).collect();
        oids.sort_unstable();
        oids.dedup();
        assert_eq!(oids.len(), VIEWS.len());
        assert!(oids.iter().all(|oid| *oid < 14_000));
    }

    #[test]
    fn every_view_says_what_it_is() {
        for (schema, name, text) in VIEWS {
            assert!(comment_of(text).is_some(), "{schema}.{name}");
            assert!(query_of(text).to_uppercase().starts_with("SELECT"), "{schema}.{name}");
        }
    }
}
