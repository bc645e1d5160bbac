//! The types of `pg_type`: those that columns and parameters can have, those of the system tables, and the pseudo-types.
//!
//! OIDs, names and storage are PostgreSQL 15's: <https://www.postgresql.org/docs/15/catalog-pg-type.html>.

use std::borrow::Cow;

/// One row of `pg_type`.
#[derive(Debug, Clone)]
pub struct TypeRow {
    pub oid: u32,
    /// The type's array type; 0 for none.
    pub array_oid: u32,
    pub name: Cow<'static, str>,
    /// `typlen`: bytes, -1 for a type without a fixed length, -2 for a C string.
    pub length: i16,
    pub by_value: bool,
    /// `typtype`: `b` for base, `p` for pseudo.
    pub kind: &'static str,
    pub category: &'static str,
    pub preferred: bool,
    /// The element's type; 0 for none.
    pub element: u32,
    /// What the names of the input and output functions begin with: `int8` of `int8in`, `json_` of `json_in`.
    pub functions: &'static str,
    /// True if the type takes a modifier.
    pub modified: bool,
    pub align: &'static str,
    pub storage: &'static str,
    pub collation: u32,
}

/// A base type without an element; arguments in the order of the table below.
macro_rules! row {
    ($oid:literal $array:literal $name:literal $length:literal $by_value:literal $category:literal $functions:literal
     $align:literal $storage:literal $(+ $($field:ident = $value:expr),*)?) => {
        #[allow(clippy::needless_update)]
        TypeRow { $($($field: $value,)*)? ..TypeRow {
            oid: $oid, array_oid: $array, name: Cow::Borrowed($name), length: $length, by_value: $by_value == 1, kind: "b",
            category: $category, preferred: false, element: 0, functions: $functions, modified: false, align: $align,
            storage: $storage, collation: 0,
        } }
    };
}

#[rustfmt::skip]
static BASE: &[TypeRow] = &[
    // oid array name length by-value category functions align storage
    row!(16 1000 "bool" 1 1 "B" "bool" "c" "p" + preferred = true),
    row!(17 1001 "bytea" -1 0 "U" "bytea" "i" "x"),
    row!(18 1002 "char" 1 1 "Z" "char" "c" "p"),
    row!(19 1003 "name" 64 0 "S" "name" "c" "p" + element = 18, collation = 950),
    row!(20 1016 "int8" 8 1 "N" "int8" "d" "p"),
    row!(21 1005 "int2" 2 1 "N" "int2" "s" "p"),
    row!(22 1006 "int2vector" -1 0 "A" "int2vector" "i" "p" + element = 21),
    row!(23 1007 "int4" 4 1 "N" "int4" "i" "p"),
    row!(24 1008 "regproc" 4 1 "N" "regproc" "i" "p"),
    row!(25 1009 "text" -1 0 "S" "text" "i" "x" + preferred = true, collation = 100),
    row!(26 1028 "oid" 4 1 "N" "oid" "i" "p" + preferred = true),
    row!(28 1011 "xid" 4 1 "U" "xid" "i" "p"),
    row!(30 1013 "oidvector" -1 0 "A" "oidvector" "i" "p" + element = 26),
    row!(114 199 "json" -1 0 "U" "json_" "i" "x"),
    row!(142 143 "xml" -1 0 "U" "xml_" "i" "x"),
    row!(194 0 "pg_node_tree" -1 0 "Z" "pg_node_tree_" "i" "x" + collation = 100),
    row!(700 1021 "float4" 4 1 "N" "float4" "i" "p"),
    row!(701 1022 "float8" 8 1 "N" "float8" "d" "p" + preferred = true),
    row!(705 0 "unknown" -2 0 "X" "unknown" "c" "p" + kind = "p"),
    row!(1042 1014 "bpchar" -1 0 "S" "bpchar" "i" "x" + modified = true, collation = 100),
    row!(1043 1015 "varchar" -1 0 "S" "varchar" "i" "x" + modified = true, collation = 100),
    row!(1082 1182 "date" 4 1 "D" "date_" "i" "p"),
    row!(1083 1183 "time" 8 1 "D" "time_" "d" "p" + modified = true),
    row!(1114 1115 "timestamp" 8 1 "D" "timestamp_" "d" "p" + modified = true),
    row!(1184 1185 "timestamptz" 8 1 "D" "timestamptz_" "d" "p" + preferred = true, modified = true),
    row!(1186 1187 "interval" 16 0 "T" "interval_" "d" "p" + preferred = true, modified = true),
    row!(1700 1231 "numeric" -1 0 "N" "numeric_" "i" "m" + modified = true),
    row!(2205 2210 "regclass" 4 1 "N" "regclass" "i" "p"),
    row!(2206 2211 "regtype" 4 1 "N" "regtype" "i" "p"),
    row!(2249 2287 "record" -1 0 "P" "record_" "d" "x" + kind = "p"),
    row!(2275 1263 "cstring" -2 0 "P" "cstring_" "c" "p" + kind = "p"),
    row!(2276 0 "any" 4 1 "P" "any_" "i" "p" + kind = "p"),
    row!(2277 0 "anyarray" -1 0 "P" "anyarray_" "d" "x" + kind = "p"),
    row!(2278 0 "void" 4 1 "P" "void_" "i" "p" + kind = "p"),
    row!(2283 0 "anyelement" 4 1 "P" "anyelement_" "i" "p" + kind = "p"),
    row!(2950 2951 "uuid" 16 0 "U" "uuid_" "c" "p"),
    row!(3802 3807 "jsonb" -1 0 "U" "jsonb_" "i" "x"),
    row!(4089 4090 "regnamespace" 4 1 "N" "regnamespace" "i" "p"),
    row!(4096 4097 "regrole" 4 1 "N" "regrole" "i" "p"),
];

/// All types by OID, the array types among them.
pub fn type_rows() -> Vec<TypeRow> {
    let arrays = BASE.iter().filter(|row| row.array_oid != 0).map(array_of);
    let mut rows: Vec<TypeRow> = BASE.iter().cloned().chain(arrays).collect();
    rows.sort_by_key(|row| row.oid);
    rows
}

/// One type; `None` for an OID that no type has.
pub fn type_row(oid: u32) -> Option<TypeRow> {
    let array = || BASE.iter().find(|row| row.array_oid == oid && oid != 0).map(array_of);
    BASE.iter().find(|row| row.oid == oid).cloned().or_else(array)
}

fn array_of(element: &TypeRow) -> TypeRow {
    TypeRow {
        oid: element.array_oid,
        array_oid: 0,
        name: Cow::Owned(format!("_{}", element.name)),
        length: -1,
        by_value: false,
        kind: if element.oid == 2249 { "p" } else { "b" },
        category: if element.oid == 2249 { "P" } else { "A" },
        preferred: false,
        element: element.oid,
        functions: "array_",
        modified: element.modified,
        align: if element.align == "d" { "d" } else { "i" },
        storage: "x",
        collation: element.collation,
    }
}

/// The name of a type in SQL (`format_type`). A modifier of -1 says that there is none, `None` that it is not known.
pub fn format_type(oid: u32, modifier: Option<i32>) -> Option<String> {
    let row = type_row(oid)?;
    if row.functions == "array_" {
        return Some(format!("{}[]", format_type(row.element, modifier)?));
    }
    let unmodified = modifier.is_some_and(|modifier| modifier < 0);
    let modifier = modifier.filter(|modifier| *modifier >= 0);
    let length = modifier.map(|modifier| modifier - 4).filter(|length| *length >= 0);
    let precision = modifier.map(|precision| format!("({precision})")).unwrap_or_default();
    Some(match (oid, length) {
        (16, _) => "boolean".to_owned(),
        (18, _) => "\"char\"".to_owned(),
        (20, _) => "bigint".to_owned(),
        (21, _) => "smallint".to_owned(),
        (23, _) => "integer".to_owned(),
        (700, _) => "real".to_owned(),
        (701, _) => "double precision".to_owned(),
        (1042, Some(length)) => format!("character({length})"),
        // "character" alone would mean character(1).
        (1042, None) if unmodified => "bpchar".to_owned(),
        (1042, None) => "character".to_owned(),
        (1043, Some(length)) => format!("character varying({length})"),
        (1043, None) => "character varying".to_owned(),
        (1083, _) => format!("time{precision} without time zone"),
        (1114, _) => format!("timestamp{precision} without time zone"),
        (1184, _) => format!("timestamp{precision} with time zone"),
        (1700, Some(packed)) => format!("numeric({},{})", packed >> 16, packed & 0xffff),
        (2276, _) => "\"any\"".to_owned(),
        _ => row.name.into_owned(),
    })
}

/// The type that a name means in SQL or in `pg_type`, as `to_regtype` reads it; modifiers are passed over.
pub fn type_named(name: &str) -> Option<u32> {
    let name = name.trim();
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
    if let Some(element) = name.strip_suffix("[]") {
        return type_row(type_named(element)?).map(|row| row.array_oid).filter(|oid| *oid != 0);
    }
    let mut plain = name.to_lowercase();
    if let (Some(open), Some(close)) = (plain.find('('), plain.find(')')) {
        plain.replace_range(open..=close, "");
    }
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let internal = match plain.as_str() {
        "boolean" => "bool",
        "\"char\"" => "char",
        "char" | "character" => "bpchar",
        "bigint" => "int8",
        "smallint" => "int2",
        "int" | "integer" => "int4",
        "real" => "float4",
        "double precision" | "float" => "float8",
        "character varying" | "char varying" => "varchar",
        "decimal" | "dec" => "numeric",
        "time without time zone" => "time",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "\"any\"" => "any",
        other => other.trim_matches('"'),
    };
    type_rows().into_iter().find(|row| row.name == internal).map(|row| row.oid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg_type::Scalar;

    #[test]
    fn every_type_of_the_wire_has_its_rows() {
        for &scalar in Scalar::ALL {
            let row = type_row(scalar.oid()).unwrap();
            assert_eq!((row.array_oid, row.length), (scalar.array_oid(), scalar.size()), "{}", row.name);
            assert_eq!(type_row(scalar.array_oid()).unwrap().element, scalar.oid());
        }
    }

    #[test]
    fn names_are_sql_names_and_lead_back() {
        assert_eq!(format_type(1700, Some(((10 << 16) | 2) + 4)).unwrap(), "numeric(10,2)");
        assert_eq!(format_type(1231, Some(((10 << 16) | 2) + 4)).unwrap(), "numeric(10,2)[]");
        assert_eq!(format_type(1043, Some(24)).unwrap(), "character varying(20)");
        assert_eq!(format_type(1184, Some(3)).unwrap(), "timestamp(3) with time zone");
        assert_eq!(format_type(1114, Some(-1)).unwrap(), "timestamp without time zone");
        assert_eq!(format_type(99, None), None);
        for row in type_rows() {
            let name = format_type(row.oid, None).unwrap();
            assert_eq!(type_named(&name), Some(row.oid), "{name}");
        }
        assert_eq!(type_named("hstore"), None);
        assert_eq!(type_named("Timestamp (3) With  Time Zone"), Some(1184));
    }
}
