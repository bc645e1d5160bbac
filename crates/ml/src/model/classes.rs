//! Class values as text, for the metadata, and back in the type they had.

use std::str::FromStr;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::DataType;
use std::sync::Arc;

use crate::Error;

/// The classes as text.
pub(super) fn write(classes: &ArrayRef) -> Result<Vec<String>, Error> {
    let unfit = || Error::Type { what: "a label", data_type: classes.data_type().to_string() };
    label_type(&classes.data_type().to_string()).ok_or_else(unfit)?;
    let text = cast(classes, &DataType::Utf8).map_err(|_| unfit())?;
    let text = text.as_string::<i32>().iter().map(|class| class.map(str::to_owned));
    text.collect::<Option<_>>().ok_or_else(unfit)
}

/// The classes out of text; they come from a file, so nothing is certain of them.
pub(super) fn read(classes: Vec<String>, data_type: &DataType) -> Result<ArrayRef, Error> {
    let damaged = |reason: &str| Error::Onnx(format!("its classes are damaged: {reason}"));
    let text: ArrayRef = Arc::new(StringArray::from(classes));
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let values = cast_with_options(&text, data_type, &options).map_err(|error| damaged(&error.to_string()))?;
    if values.null_count() > 0 { Err(damaged("one of them is not a value")) } else { Ok(values) }
}

/// A label's type by its name; `None` for one that no label has.
pub(super) fn label_type(name: &str) -> Option<DataType> {
    let data_type = DataType::from_str(name).ok()?;
    let known = data_type.is_integer()
        || matches!(data_type, DataType::Boolean | DataType::Utf8 | DataType::Float32 | DataType::Float64);
    known.then_some(data_type)
}

#[cfg(test)]
mod tests {
    use arrow::array::{BooleanArray, Float64Array, Int8Array, UInt64Array};

    use super::*;

    #[test]
    fn classes_come_back_as_they_were() {
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec!["", "a,b", "naïve \"x\""])),
            Arc::new(BooleanArray::from(vec![false, true])),
            Arc::new(Int8Array::from(vec![i8::MIN, 0, i8::MAX])),
            Arc::new(UInt64Array::from(vec![0, u64::MAX])),
            Arc::new(Float64Array::from(vec![-1.5, 0.1 + 0.2, 1e300, f64::MIN_POSITIVE])),
        ];
        for array in arrays {
            let data_type = label_type(&array.data_type().to_string()).unwrap();
            assert_eq!(read(write(&array).unwrap(), &data_type).unwrap().as_ref(), array.as_ref());
        }
        assert!(read(vec!["x".to_owned()], &DataType::Int32).is_err());
        assert_eq!(label_type("Date32"), None);
        assert_eq!(label_type("List(("), None);
    }
}
