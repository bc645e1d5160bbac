//! Types as Hive and Spark write them: `string`, `varchar(10)`, `array<int>`, `map<string, double>`, `struct<a:int>`.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};
use datafusion::error::Result;
use datafusion::logical_expr::planner::TypePlanner;
use datafusion::sql::sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType as SqlType, ExactNumberInfo, TimezoneInfo,
};
use mead_catalog::pg_type::MODIFIER_METADATA;
use mead_common::{Diagnostic, sqlstate};
use mead_functions::Length;
use mead_functions::types::EXTENSION_NAME;

use crate::error::into_datafusion;
use crate::plan::sql_type::SqlTypes;

/// Plans the types of Hive's and Spark's, before what all dialects know.
#[derive(Debug)]
pub(crate) struct HiveTypes;

impl TypePlanner for HiveTypes {
    fn plan_type_field(&self, sql_type: &SqlType) -> Result<Option<FieldRef>> {
        match field("", sql_type)? {
            Some(field) => Ok(Some(Arc::new(field))),
            None => SqlTypes.plan_type_field(sql_type),
        }
    }
}

/// The length that a field of text was declared with.
pub(crate) fn length(field: &Field) -> Option<Length> {
    let modifier: i32 = field.metadata().get(MODIFIER_METADATA)?.parse().ok()?;
    let letters = usize::try_from(modifier.checked_sub(4)?).ok()?;
    match field.metadata().get(EXTENSION_NAME)?.as_str() {
        "mead.varchar" => Some(Length::Varchar(letters)),
        "mead.bpchar" => Some(Length::Char(letters)),
        _ => None,
    }
}

fn field(name: &str, sql_type: &SqlType) -> Result<Option<Field>> {
    let nullable = |data_type| Ok(Some(Field::new(name, data_type, true)));
    match sql_type {
        SqlType::Varchar(length) | SqlType::CharacterVarying(length) | SqlType::CharVarying(length) => {
            text(name, "mead.varchar", length.as_ref(), 65_535)
        }
        SqlType::Char(length) | SqlType::Character(length) => text(name, "mead.bpchar", length.as_ref(), 255),
        SqlType::String(_) | SqlType::Text => nullable(DataType::Utf8),
        SqlType::Binary(None) | SqlType::Bytea => nullable(DataType::Binary),
        SqlType::Float(ExactNumberInfo::None) | SqlType::Real => nullable(DataType::Float32),
        SqlType::Double(ExactNumberInfo::None) | SqlType::DoublePrecision => nullable(DataType::Float64),
        SqlType::Decimal(info) | SqlType::Numeric(info) | SqlType::Dec(info) => {
            let (precision, scale) = match info {
                ExactNumberInfo::None => (10, 0),
                ExactNumberInfo::Precision(precision) => (*precision, 0),
                ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
            };
            match (u8::try_from(precision), i8::try_from(scale)) {
                (Ok(precision @ 1..=38), Ok(scale)) if scale >= 0 && scale <= precision as i8 => {
                    nullable(DataType::Decimal128(precision, scale))
                }
                _ => Err(into_datafusion(Diagnostic::new(
                    sqlstate::INVALID_PARAMETER_VALUE,
                    format!(
                        "decimal({precision}, {scale}) must have from 1 to 38 digits, and no more of them behind the point"
                    ),
                ))),
            }
        }
        SqlType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) | SqlType::TimestampNtz(_) => {
            nullable(DataType::Timestamp(TimeUnit::Microsecond, None))
        }
        SqlType::Interval { .. } => nullable(DataType::Interval(IntervalUnit::MonthDayNano)),
        SqlType::Array(ArrayElemTypeDef::AngleBracket(item) | ArrayElemTypeDef::SquareBracket(item, None)) => {
            nullable(DataType::List(Arc::new(inner("item", item)?)))
        }
        SqlType::Map(key, value) => {
            let key = inner("key", key)?.with_nullable(false);
            let members = DataType::Struct(Fields::from(vec![key, inner("value", value)?]));
            nullable(DataType::Map(Arc::new(Field::new("entries", members, false)), false))
        }
        SqlType::Struct(members, _) => {
            let members = members.iter().enumerate().map(|(place, member)| {
                let name = match &member.field_name {
                    Some(name) => name.value.to_lowercase(),
                    None => format!("col{}", place + 1),
                };
                inner(&name, &member.field_type)
            });
            nullable(DataType::Struct(members.collect::<Result<Fields>>()?))
        }
        SqlType::Boolean => nullable(DataType::Boolean),
        SqlType::TinyInt(None) => nullable(DataType::Int8),
        SqlType::SmallInt(None) => nullable(DataType::Int16),
        SqlType::Int(None) | SqlType::Integer(None) => nullable(DataType::Int32),
        SqlType::BigInt(None) => nullable(DataType::Int64),
        SqlType::Date => nullable(DataType::Date32),
        SqlType::Custom(name, modifiers) if modifiers.is_empty() => match name.to_string().to_lowercase().as_str() {
            "byte" => nullable(DataType::Int8),
            "short" => nullable(DataType::Int16),
            "long" => nullable(DataType::Int64),
            "void" | "null" => nullable(DataType::Null),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

/// The type of an element or a member, which must be known here.
fn inner(name: &str, sql_type: &SqlType) -> Result<Field> {
    field(name, sql_type)?.ok_or_else(|| {
        let message = format!("type {sql_type} is not supported");
        into_datafusion(Diagnostic::unsupported(message))
    })
}

fn text(name: &str, extension: &str, length: Option<&CharacterLength>, most: u64) -> Result<Option<Field>> {
    let field = Field::new(name, DataType::Utf8, true);
    let letters = match length {
        Some(CharacterLength::IntegerLength { length, .. }) => *length,
        _ => return Ok(Some(field)),
    };
    if letters == 0 || letters > most {
        return Err(into_datafusion(Diagnostic::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("length for type {} must be from 1 to {most}", extension.trim_start_matches("mead.")),
        )));
    }
    let metadata = HashMap::from([
        (EXTENSION_NAME.to_owned(), extension.to_owned()),
        (MODIFIER_METADATA.to_owned(), (letters + 4).to_string()),
    ]);
    Ok(Some(field.with_metadata(metadata)))
}
