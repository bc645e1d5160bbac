//! The subscripts of an array: from 1 to its length, in each dimension.

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use mead_common::{Diagnostic, sqlstate};

use super::call::Arguments;
use crate::error::external;
use crate::types::type_name;

/// The length of the array that is the first argument, in the dimension that is the second; `None` where one of them is
/// NULL or the array has fewer dimensions.
pub(super) fn length(call: &Arguments, row: usize) -> Result<Option<i32>> {
    let Some(dimension) = call.oid(1, row).filter(|dimension| *dimension >= 1) else { return Ok(None) };
    let mut array = ArrayRef::clone(call.array(0));
    if array.data_type().is_null() {
        return Ok(None);
    }
    let mut row = row;
    for _ in 1..dimension {
        match element(&array, row)? {
            Some(inner) if !inner.is_empty() && is_list(inner.data_type()) => {
                array = inner;
                row = 0;
            }
            _ => return Ok(None),
        }
    }
    Ok(element(&array, row)?.map(|inner| i32::try_from(inner.len()).unwrap_or(i32::MAX)))
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}

fn element(array: &ArrayRef, row: usize) -> Result<Option<ArrayRef>> {
    if array.is_null(row) {
        return Ok(None);
    }
    match array.data_type() {
        DataType::List(_) => Ok(Some(array.as_list::<i32>().value(row))),
        DataType::LargeList(_) => Ok(Some(array.as_list::<i64>().value(row))),
        DataType::FixedSizeList(..) => Ok(Some(array.as_fixed_size_list().value(row))),
        other => Err(external(Diagnostic::new(
            sqlstate::DATATYPE_MISMATCH,
            format!("an array is expected here, not {}", type_name(other)),
        ))),
    }
}
