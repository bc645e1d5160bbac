//! Which rows of a batch are scored by which model.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use mead_common::Diagnostic;

use crate::context::FunctionContext;
use crate::model::Scorer;

/// The rows that one model scores, in order.
pub(super) struct Group {
    pub model: Arc<dyn Scorer>,
    pub rows: Vec<u32>,
}

/// Sorts the rows of a column of MODEL values by model. Rows with a NULL model are in no group.
pub(super) fn group(context: &FunctionContext, models: &ArrayRef) -> Result<Vec<Group>, Diagnostic> {
    let mut groups: Vec<Group> = vec![];
    // The same bytes at the same place are the same model: rows that a join or a view array repeats share them.
    let mut by_place: HashMap<(usize, usize), usize> = HashMap::new();
    let mut by_hash: HashMap<String, usize> = HashMap::new();
    let mut last: Option<(&[u8], usize)> = None;
    for row in 0..models.len() {
        if models.is_null(row) {
            continue;
        }
        let bytes = bytes(models, row);
        let place = (bytes.as_ptr() as usize, bytes.len());
        let index = match (by_place.get(&place), last) {
            (Some(index), _) => *index,
            (None, Some((before, index))) if before == bytes => index,
            _ => {
                let model = context.models.value(context.session.as_ref(), bytes)?;
                *by_hash.entry(model.hash().to_owned()).or_insert_with(|| {
                    groups.push(Group { model, rows: vec![] });
                    groups.len() - 1
                })
            }
        };
        by_place.insert(place, index);
        last = Some((bytes, index));
        groups[index].rows.push(row as u32);
    }
    Ok(groups)
}

fn bytes(array: &ArrayRef, row: usize) -> &[u8] {
    match array.data_type() {
        DataType::LargeBinary => array.as_binary::<i64>().value(row),
        DataType::BinaryView => array.as_binary_view().value(row),
        DataType::FixedSizeBinary(_) => array.as_fixed_size_binary().value(row),
        _ => array.as_binary::<i32>().value(row),
    }
}
