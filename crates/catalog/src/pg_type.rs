//! Which Postgres type a client sees for each Arrow type, and which Arrow type a parameter of a Postgres type has. The
//! system tables and the wire both take their types from here.
//!
//! Arrow says less than Postgres does (it has no oid, no json), so a field's metadata may say more: the extension name
//! (`arrow.json`, or `mead.` and a type's name, which a list has for its elements) or, for the catalog's own columns,
//! [`TYPE_METADATA`]. Sixteen bytes are a uuid wherever they are: no other type of a client has them, and a list of them
//! needs no metadata, which functions would lose.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use mead_common::Diagnostic;

/// Field metadata that names the Postgres type where the Arrow type alone would give another one: `oid`, `name`, `char`,
/// `varchar`, `bpchar`, `json`, `jsonb`, `regproc`, `regclass`, `regtype`, `xml`.
pub const TYPE_METADATA: &str = "mead.pg_type";

/// Field metadata with the type modifier (`atttypmod`), such as 24 for varchar(20).
pub const MODIFIER_METADATA: &str = "mead.pg_typmod";

const EXTENSION_NAME: &str = "ARROW:extension:name";

/// Digits after the point for a numeric parameter whose scale nothing else tells.
const PARAMETER_SCALE: i8 = 10;

macro_rules! scalars {
    ($($variant:ident = $oid:literal, $array_oid:literal, $size:literal, $name:literal;)*) => {
        /// A Postgres type that is not an array.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Scalar { $($variant),* }

        impl Scalar {
            /// All of them, by name.
            pub const ALL: &[Scalar] = &[$(Scalar::$variant),*];

            pub fn oid(self) -> u32 { match self { $(Scalar::$variant => $oid),* } }

            pub fn array_oid(self) -> u32 { match self { $(Scalar::$variant => $array_oid),* } }

            /// `typlen`: bytes, or -1 for a type without a fixed length.
            pub fn size(self) -> i16 { match self { $(Scalar::$variant => $size),* } }

            /// The name that error messages use.
            pub fn name(self) -> &'static str { match self { $(Scalar::$variant => $name),* } }
        }
    };
}

scalars! {
    Bool = 16, 1000, 1, "boolean";
    Bpchar = 1042, 1014, -1, "character";
    Bytea = 17, 1001, -1, "bytea";
    Char = 18, 1002, 1, "\"char\"";
    Date = 1082, 1182, 4, "date";
    Float4 = 700, 1021, 4, "real";
    Float8 = 701, 1022, 8, "double precision";
    Int2 = 21, 1005, 2, "smallint";
    Int4 = 23, 1007, 4, "integer";
    Int8 = 20, 1016, 8, "bigint";
    Interval = 1186, 1187, 16, "interval";
    Json = 114, 199, -1, "json";
    Jsonb = 3802, 3807, -1, "jsonb";
    Name = 19, 1003, 64, "name";
    Numeric = 1700, 1231, -1, "numeric";
    Oid = 26, 1028, 4, "oid";
    Regclass = 2205, 2210, 4, "regclass";
    Regproc = 24, 1008, 4, "regproc";
    Regtype = 2206, 2211, 4, "regtype";
    Text = 25, 1009, -1, "text";
    Time = 1083, 1183, 8, "time without time zone";
    Timestamp = 1114, 1115, 8, "timestamp without time zone";
    Timestamptz = 1184, 1185, 8, "timestamp with time zone";
    Uuid = 2950, 2951, 16, "uuid";
    Varchar = 1043, 1015, -1, "character varying";
    Xml = 142, 143, -1, "xml";
}

/// The Postgres type of a column or a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PgType {
    pub scalar: Scalar,
    pub array: bool,
    pub modifier: i32,
}

impl PgType {
    pub fn scalar(scalar: Scalar) -> Self {
        Self { scalar, array: false, modifier: -1 }
    }

    pub fn oid(self) -> u32 {
        if self.array { self.scalar.array_oid() } else { self.scalar.oid() }
    }

    pub fn size(self) -> i16 {
        if self.array { -1 } else { self.scalar.size() }
    }

    pub fn from_oid(oid: u32) -> Option<Self> {
        Scalar::ALL.iter().find_map(|&scalar| {
            let array = scalar.array_oid() == oid;
            (array || scalar.oid() == oid).then_some(Self { scalar, array, modifier: -1 })
        })
    }

    /// 0A000 for an Arrow type that has no counterpart.
    pub fn of_field(field: &Field) -> Result<Self, Diagnostic> {
        of(field).ok_or_else(|| {
            Diagnostic::unsupported(format!(
                "column \"{}\" has a type that cannot be sent to a client: {}",
                field.name(),
                field.data_type()
            ))
        })
    }

    /// The type of a parameter; an Arrow type that no client can send is asked for as text.
    pub fn of_parameter(field: &Field) -> Self {
        of(field).unwrap_or(Self::scalar(Scalar::Text))
    }

    /// The field of a parameter that a client declared with this type.
    pub fn field(self, name: &str) -> Field {
        let field = Field::new(name, self.arrow(), true);
        let extension = match self.scalar {
            Scalar::Json if !self.array => "arrow.json",
            Scalar::Bpchar => "mead.bpchar",
            Scalar::Char => "mead.char",
            Scalar::Json => "mead.json",
            Scalar::Jsonb => "mead.jsonb",
            Scalar::Name => "mead.name",
            Scalar::Oid => "mead.oid",
            Scalar::Regclass => "mead.regclass",
            Scalar::Regproc => "mead.regproc",
            Scalar::Regtype => "mead.regtype",
            Scalar::Varchar => "mead.varchar",
            Scalar::Xml => "mead.xml",
            _ => return field,
        };
        field.with_metadata(HashMap::from([(EXTENSION_NAME.to_owned(), extension.to_owned())]))
    }

    /// The Arrow type to plan a parameter of this type with; none where only its text is known.
    pub fn arrow(self) -> DataType {
        let item = match self.scalar {
            Scalar::Bool => DataType::Boolean,
            Scalar::Bytea => DataType::Binary,
            Scalar::Date => DataType::Date32,
            Scalar::Float4 => DataType::Float32,
            Scalar::Float8 => DataType::Float64,
            Scalar::Int2 => DataType::Int16,
            Scalar::Int4 => DataType::Int32,
            Scalar::Int8 | Scalar::Oid | Scalar::Regclass | Scalar::Regproc | Scalar::Regtype => DataType::Int64,
            Scalar::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Scalar::Numeric => DataType::Decimal128(38, PARAMETER_SCALE),
            Scalar::Time => DataType::Time64(TimeUnit::Microsecond),
            Scalar::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Scalar::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Scalar::Uuid => DataType::FixedSizeBinary(16),
            Scalar::Bpchar
            | Scalar::Char
            | Scalar::Json
            | Scalar::Jsonb
            | Scalar::Name
            | Scalar::Text
            | Scalar::Varchar
            | Scalar::Xml => DataType::Utf8,
        };
        if self.array { DataType::List(Arc::new(Field::new_list_field(item, true))) } else { item }
    }
}

fn of(field: &Field) -> Option<PgType> {
    let mut found = of_data_type(field.data_type())?;
    let leaf = leaf_field(field);
    if let Some(scalar) = named(leaf, leaf.data_type()).or_else(|| named(field, leaf.data_type())) {
        found.scalar = scalar;
        found.modifier = -1;
    }
    if let Some(modifier) = field.metadata().get(MODIFIER_METADATA).and_then(|text| text.parse().ok()) {
        found.modifier = modifier;
    }
    Some(found)
}

/// The innermost element's field of a list, else the field itself.
fn leaf_field(field: &Field) -> &Field {
    match field.data_type() {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => leaf_field(item),
        _ => field,
    }
}

/// What a field's metadata says of its values, or of its elements, where their Arrow type can carry it.
fn named(field: &Field, data_type: &DataType) -> Option<Scalar> {
    let data_type = match data_type {
        DataType::Dictionary(_, values) => values.as_ref(),
        other => other,
    };
    let name = match field.metadata().get(TYPE_METADATA) {
        Some(name) => name.as_str(),
        None => match field.metadata().get(EXTENSION_NAME)?.as_str() {
            "arrow.json" => "json",
            name => name.strip_prefix("mead.")?,
        },
    };
    let scalar = match name {
        "bpchar" => Scalar::Bpchar,
        "char" => Scalar::Char,
        "json" => Scalar::Json,
        "jsonb" => Scalar::Jsonb,
        "name" => Scalar::Name,
        "oid" => Scalar::Oid,
        "regclass" => Scalar::Regclass,
        "regproc" => Scalar::Regproc,
        "regtype" => Scalar::Regtype,
        "varchar" => Scalar::Varchar,
        "xml" => Scalar::Xml,
        _ => return None,
    };
    let fits = match scalar {
        Scalar::Oid | Scalar::Regclass | Scalar::Regproc | Scalar::Regtype => data_type.is_integer(),
        _ => matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    };
    fits.then_some(scalar)
}

pub fn of_data_type(data_type: &DataType) -> Option<PgType> {
    let scalar = match data_type {
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Scalar::Text,
        DataType::Boolean => Scalar::Bool,
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => Scalar::Int2,
        DataType::UInt16 | DataType::Int32 => Scalar::Int4,
        DataType::UInt32 | DataType::Int64 => Scalar::Int8,
        DataType::UInt64 => Scalar::Numeric,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            return Some(PgType {
                scalar: Scalar::Numeric,
                array: false,
                modifier: numeric_modifier(*precision, *scale),
            });
        }
        DataType::Float16 | DataType::Float32 => Scalar::Float4,
        DataType::Float64 => Scalar::Float8,
        DataType::FixedSizeBinary(16) => Scalar::Uuid,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => Scalar::Bytea,
        DataType::Date32 | DataType::Date64 => Scalar::Date,
        DataType::Time32(_) | DataType::Time64(_) => Scalar::Time,
        DataType::Timestamp(_, None) => Scalar::Timestamp,
        DataType::Timestamp(_, Some(_)) => Scalar::Timestamptz,
        DataType::Interval(_) | DataType::Duration(_) => Scalar::Interval,
        DataType::Struct(_) | DataType::Map(_, _) => Scalar::Json,
        DataType::Dictionary(_, values) => return of_data_type(values),
        DataType::RunEndEncoded(_, values) => return of_data_type(values.data_type()),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => {
            return of(item).map(|item| PgType { array: true, ..item });
        }
        DataType::Union(_, _) => return None,
    };
    Some(PgType::scalar(scalar))
}

/// `atttypmod` of numeric(precision, scale). Postgres knows no such modifier for a negative scale in protocol 15.
fn numeric_modifier(precision: u8, scale: i8) -> i32 {
    match u16::try_from(scale) {
        Ok(scale) => ((i32::from(precision) << 16) | i32::from(scale)) + 4,
        Err(_) => -1,
    }
}
