//! `a.b` of an array of structs: the array of their members.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray};
use datafusion::arrow::compute::nullif;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;

/// The function that takes this member.
pub fn member_of_each(place: usize) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::from(MemberOfEach { place, signature: Signature::any(1, Volatility::Immutable) }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MemberOfEach {
    place: usize,
    signature: Signature,
}

impl ScalarUDFImpl for MemberOfEach {
    fn name(&self) -> &str {
        "member_of_each"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        if let [DataType::List(item)] = given
            && let DataType::Struct(members) = item.data_type()
            && let Some(member) = members.get(self.place)
        {
            return Ok(DataType::new_list(member.data_type().clone(), true));
        }
        Err(DataFusionError::Internal("a member of what is no array of structs".to_owned()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = arguments.args.as_slice() else {
            return Err(DataFusionError::Internal("a member of one value".to_owned()));
        };
        Ok(match argument {
            ColumnarValue::Array(array) => ColumnarValue::Array(self.members(array)?),
            ColumnarValue::Scalar(value) => {
                ColumnarValue::Scalar(ScalarValue::try_from_array(&self.members(&value.to_array()?)?, 0)?)
            }
        })
    }
}

impl MemberOfEach {
    fn members(&self, array: &ArrayRef) -> Result<ArrayRef> {
        let lists = array.as_list::<i32>();
        let structs = lists.values().as_struct();
        let mut values = Arc::clone(structs.column(self.place));
        // A struct that is NULL has no members.
        if structs.null_count() > 0 {
            values = nullif(&values, &datafusion::arrow::compute::is_null(structs)?)?;
        }
        let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        Ok(Arc::new(ListArray::try_new(item, lists.offsets().clone(), values, lists.nulls().cloned())?))
    }
}
