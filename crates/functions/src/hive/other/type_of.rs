//! Spark's `typeof(value)`.

use datafusion::arrow::datatypes::DataType;

use super::SECTION;
use crate::hive::definition::{BASE, Definition, Kind};
use crate::types::{is_binary, is_text};

static TYPEOF: Definition = Definition {
    name: "typeof",
    arguments: &[("value", Kind::Any, "A value.")],
    run: |call| {
        let name = name(&call.data_type(0));
        call.texts(|_| Some(name.as_str()))
    },
    section: &SECTION,
    description: "The name of a value's type.",
    example: "SELECT typeof(array(1)); -- array<int>",
    ..BASE
};

pub(super) static SPARK: &[&Definition] = &[&TYPEOF];

/// A type as Hive and Spark write it.
fn name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "void".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 | DataType::UInt8 => "tinyint".to_owned(),
        DataType::Int16 | DataType::UInt16 => "smallint".to_owned(),
        DataType::Int32 | DataType::UInt32 => "int".to_owned(),
        DataType::Int64 | DataType::UInt64 => "bigint".to_owned(),
        DataType::Float16 | DataType::Float32 => "float".to_owned(),
        DataType::Float64 => "double".to_owned(),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            format!("decimal({precision},{scale})")
        }
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".to_owned(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("array<{}>", name(item.data_type()))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => {
                let parts: Vec<String> = fields.iter().map(|field| name(field.data_type())).collect();
                format!("map<{}>", parts.join(","))
            }
            _ => "map".to_owned(),
        },
        DataType::Struct(fields) => {
            let parts: Vec<String> =
                fields.iter().map(|field| format!("{}:{}", field.name(), name(field.data_type()))).collect();
            format!("struct<{}>", parts.join(","))
        }
        other if is_text(other) => "string".to_owned(),
        other if is_binary(other) => "binary".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}
