//! The types of mead that Arrow does not have: MODEL, IMAGE and arrays of a known shape. Each is an Arrow type with
//! metadata on its field.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields};

/// Arrow's key for the name of an extension type.
pub const EXTENSION_NAME: &str = "ARROW:extension:name";
/// Extension name of MODEL: ONNX bytes in a BinaryView, so that a join repeats a model without copying it.
pub const MODEL: &str = "mead.model";
/// Extension name of IMAGE: height, width, channels and pixels in a Struct.
pub const IMAGE: &str = "mead.image";
/// On a MODEL: the Arrow type of what it predicts, as Arrow prints it.
pub const LABEL_TYPE: &str = "mead.label_type";
/// On a MODEL: `classification` or `regression`, once known.
pub const TASK: &str = "mead.task";
/// On an IMAGE or a FLOAT array: what is known of its shape, as `28x28x1` or `28x28x?`.
pub const SHAPE: &str = "mead.shape";

/// The Arrow type of uuid.
pub const UUID: DataType = DataType::FixedSizeBinary(16);

/// Extension name of json, which is text.
pub const JSON: &str = "arrow.json";
/// The same on a list, whose elements are json: it says so itself, for lists of text to be of one Arrow type.
pub const JSON_ELEMENTS: &str = "mead.json";

/// The Arrow type of bytea in all its forms.
pub fn is_binary(data_type: &DataType) -> bool {
    match data_type {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => true,
        DataType::FixedSizeBinary(_) => *data_type != UUID,
        _ => false,
    }
}

/// True for json; an array of it is not json.
pub fn is_json(field: &Field) -> bool {
    is_text(field.data_type()) && field.metadata().get(EXTENSION_NAME).is_some_and(|name| name == JSON)
}

/// The Arrow type of text in all its forms.
pub fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// The field of a MODEL that predicts `label_type`; `task` where it is known before training.
pub fn model_field(name: &str, label_type: &DataType, task: Option<&str>) -> FieldRef {
    let mut metadata =
        HashMap::from([(EXTENSION_NAME.to_owned(), MODEL.to_owned()), (LABEL_TYPE.to_owned(), label_type.to_string())]);
    if let Some(task) = task {
        metadata.insert(TASK.to_owned(), task.to_owned());
    }
    Arc::new(Field::new(name, DataType::BinaryView, true).with_metadata(metadata))
}

/// What the models in this field predict, if the field says so.
pub fn label_type(field: &Field) -> Option<DataType> {
    DataType::from_str(field.metadata().get(LABEL_TYPE)?).ok()
}

/// The Arrow type of an IMAGE. `pixels` are row-major `[height, width, channels]`.
pub fn image_type() -> DataType {
    let dimension = |name: &str| Field::new(name, DataType::Int32, true);
    DataType::Struct(Fields::from(vec![
        dimension("height"),
        dimension("width"),
        dimension("channels"),
        Field::new("pixels", float_array_type(), true),
    ]))
}

/// True for the struct that holds an IMAGE.
pub fn is_image(data_type: &DataType) -> bool {
    *data_type == image_type()
}

/// The field of an IMAGE, with the number of its channels where all rows have the same.
pub fn image_field(name: &str, channels: Option<usize>) -> FieldRef {
    let shape = KnownShape { channels, ..KnownShape::default() };
    let metadata =
        HashMap::from([(EXTENSION_NAME.to_owned(), IMAGE.to_owned()), (SHAPE.to_owned(), shape.to_string())]);
    Arc::new(Field::new(name, image_type(), true).with_metadata(metadata))
}

/// FLOAT[] of any length.
pub fn float_array_type() -> DataType {
    DataType::new_list(DataType::Float32, true)
}

/// The field of a FLOAT array: of fixed size when all of its shape is known.
pub fn tensor_field(name: &str, shape: KnownShape) -> FieldRef {
    let data_type = match shape.values().and_then(|values| i32::try_from(values).ok()) {
        Some(values) => DataType::new_fixed_size_list(DataType::Float32, values, true),
        None => float_array_type(),
    };
    let metadata = HashMap::from([(SHAPE.to_owned(), shape.to_string())]);
    Arc::new(Field::new(name, data_type, true).with_metadata(metadata))
}

/// What is known of an image's shape before its rows are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct KnownShape {
    pub height: Option<usize>,
    pub width: Option<usize>,
    pub channels: Option<usize>,
}

impl KnownShape {
    /// The shape that `field` says its images have; nothing is known where it says nothing.
    pub fn of(field: &Field) -> Self {
        field.metadata().get(SHAPE).and_then(|text| Self::parse(text)).unwrap_or_default()
    }

    /// The number of values of an image, where all of the shape is known.
    pub fn values(&self) -> Option<usize> {
        self.height?.checked_mul(self.width?)?.checked_mul(self.channels?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut sizes = text.split('x').map(|size| if size == "?" { Some(None) } else { size.parse().ok().map(Some) });
        let shape = Self { height: sizes.next()??, width: sizes.next()??, channels: sizes.next()?? };
        sizes.next().is_none().then_some(shape)
    }
}

impl std::fmt::Display for KnownShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = |size: Option<usize>| size.map_or_else(|| "?".to_owned(), |size| size.to_string());
        write!(f, "{}x{}x{}", size(self.height), size(self.width), size(self.channels))
    }
}

/// A type's name as Postgres prints it in an error.
pub fn sql_name(field: &Field) -> String {
    if field.metadata().get(EXTENSION_NAME).is_some_and(|name| name == MODEL) {
        return "model".to_owned();
    }
    if is_json(field) {
        return "json".to_owned();
    }
    if field.metadata().get(EXTENSION_NAME).is_some_and(|name| name == JSON_ELEMENTS) {
        return "json[]".to_owned();
    }
    type_name(field.data_type())
}

/// The same for a type without a field.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "unknown".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => "smallint".to_owned(),
        DataType::Int32 | DataType::UInt16 => "integer".to_owned(),
        DataType::Int64 | DataType::UInt32 => "bigint".to_owned(),
        DataType::UInt64 => "numeric".to_owned(),
        DataType::Float16 | DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double precision".to_owned(),
        other if other.is_decimal() => "numeric".to_owned(),
        other if is_text(other) => "text".to_owned(),
        other if *other == UUID => "uuid".to_owned(),
        other if is_binary(other) => "bytea".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        DataType::Timestamp(_, None) => "timestamp".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamptz".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".to_owned(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => {
            let item = type_name(item.data_type());
            if item.ends_with("[]") { item } else { format!("{item}[]") }
        }
        DataType::Dictionary(_, values) => type_name(values),
        other if is_image(other) => "image".to_owned(),
        DataType::Struct(_) => "record".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_survives_its_text() {
        for shape in [
            KnownShape::default(),
            KnownShape { height: Some(28), width: Some(28), channels: None },
            KnownShape { height: Some(28), width: Some(14), channels: Some(3) },
        ] {
            assert_eq!(KnownShape::parse(&shape.to_string()), Some(shape));
        }
        assert_eq!(KnownShape::parse("28x28"), None);
        assert_eq!(KnownShape::parse("1x2x3x4"), None);
    }

    #[test]
    fn a_model_field_says_what_it_predicts() {
        for data_type in [DataType::Utf8, DataType::Int64, DataType::Boolean, DataType::Decimal128(10, 2)] {
            assert_eq!(label_type(&model_field("m", &data_type, None)), Some(data_type));
        }
    }
}
