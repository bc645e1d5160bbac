//! Values chosen row by row from several arguments.

use datafusion::arrow::array::{Array, ArrayRef, new_null_array};
use datafusion::arrow::compute::interleave;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;

use crate::hive::call::Call;
use crate::hive::convert::common::common_type;
use crate::hive::convert::convert;
use crate::hive::definition::Planned;

/// The type that the arguments at these places have in common.
pub(super) fn type_of(planned: &Planned, places: impl Iterator<Item = usize>) -> Result<DataType> {
    let types: Vec<&DataType> = places.map(|place| planned.data_type(place)).collect();
    common_type(types).ok_or_else(|| planned.refuse())
}

/// Of each row the value of the argument that `choose` names; NULL where it names none. Only arguments in `places` may be named.
pub(super) fn select(
    call: &Call,
    places: &[usize],
    mut choose: impl FnMut(&[ArrayRef], usize) -> Option<usize>,
) -> Result<ArrayRef> {
    let mut values = Vec::with_capacity(places.len() + 1);
    for place in places {
        values.push(convert(&call.array(*place)?, call.result_type(), call.dialect, &call.zone())?);
    }
    let chosen: Vec<(usize, usize)> =
        (0..call.rows).map(|row| choose(&values, row).map_or((places.len(), 0), |place| (place, row))).collect();
    values.push(new_null_array(call.result_type(), 1));
    let values: Vec<&dyn Array> = values.iter().map(|value| value.as_ref()).collect();
    Ok(interleave(&values, &chosen)?)
}
