//! An argument's lists, read by row, and lists made of elements that were picked from them.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, UInt64Builder};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::error::Result;

use crate::hive::call::Call;
use crate::hive::convert::convert;

/// The lists of an argument.
pub(in crate::hive) struct ListColumn {
    lists: ListArray,
}

impl ListColumn {
    pub fn read(call: &Call, index: usize) -> Result<ListColumn> {
        Ok(ListColumn { lists: to_list(&call.array(index)?)? })
    }

    /// The same with elements of one type.
    pub fn read_as(call: &Call, index: usize, item: &DataType) -> Result<ListColumn> {
        let wanted = DataType::new_list(item.clone(), true);
        let lists = to_list(&call.array(index)?)?;
        let lists = convert(&(Arc::new(lists) as ArrayRef), &wanted, call.dialect, &call.zone())?;
        Ok(ListColumn { lists: lists.as_list::<i32>().clone() })
    }

    /// The places of a row's elements among all elements; `None` for NULL.
    pub fn range(&self, row: usize) -> Option<Range<usize>> {
        let offsets = self.lists.value_offsets();
        self.lists.is_valid(row).then(|| offsets[row] as usize..offsets[row + 1] as usize)
    }

    pub fn values(&self) -> &ArrayRef {
        self.lists.values()
    }

    pub fn item(&self) -> &DataType {
        self.lists.values().data_type()
    }
}

/// Lists of any kind as lists of Arrow's first kind; of NULL lists of nothing.
pub(in crate::hive) fn to_list(array: &ArrayRef) -> Result<ListArray> {
    let wanted = match array.data_type() {
        DataType::List(_) => return Ok(array.as_list::<i32>().clone()),
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) => DataType::List(Arc::clone(item)),
        _ => DataType::new_list(DataType::Null, true),
    };
    Ok(cast(array, &wanted)?.as_list::<i32>().clone())
}

/// The type of a list's elements; that of NULL for what is no list.
pub(in crate::hive) fn item_of(data_type: &DataType) -> DataType {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => item.data_type().clone(),
        _ => DataType::Null,
    }
}

/// Values of any type in a form that can be compared, sorted and hashed. NULL equals NULL and comes first.
pub(in crate::hive) fn keys(values: &ArrayRef) -> Result<Rows> {
    let converter = RowConverter::new(vec![SortField::new(values.data_type().clone())])?;
    Ok(converter.convert_columns(&[Arc::clone(values)])?)
}

/// Lists of elements that are named by their places among values.
#[derive(Default)]
pub(in crate::hive) struct Picked {
    places: UInt64Builder,
    lengths: Vec<usize>,
    valid: Vec<bool>,
    open: usize,
}

impl Picked {
    /// One more element of the list that is being made; `None` is NULL.
    pub fn pick(&mut self, place: Option<usize>) {
        self.places.append_option(place.map(|place| place as u64));
        self.open += 1;
    }

    /// The list ends.
    pub fn end(&mut self) {
        self.lengths.push(std::mem::take(&mut self.open));
        self.valid.push(true);
    }

    pub fn push(&mut self, places: impl IntoIterator<Item = usize>) {
        places.into_iter().for_each(|place| self.pick(Some(place)));
        self.end();
    }

    pub fn null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        use datafusion::arrow::array::ArrayBuilder as _;
        self.places.len()
    }

    pub fn finish(mut self, values: &ArrayRef) -> Result<ArrayRef> {
        let values = take(values, &self.places.finish(), None)?;
        let item: FieldRef = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Ok(Arc::new(ListArray::try_new(item, offsets, values, Some(NullBuffer::from(self.valid)))?))
    }
}
