//! Arrays of numbers as models read them: one flat row-major run of values a row.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanBufferBuilder, FixedSizeListArray, ListArray, PrimitiveArray, StructArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float32Type};
use datafusion::error::{DataFusionError, Result};

use crate::error::Error;
use crate::types;

/// Values that one image, and one array of images, may hold (2 GiB of FLOAT).
pub(crate) const ARRAY_VALUES_MAX: usize = 1 << 29;

/// The column as TRAIN_… and PREDICT read it: an IMAGE becomes its pixels, nested arrays become flat ones, numeric becomes
/// double precision. Anything else (flat arrays of other numbers, bytea, text) stays as it is. Only numeric is copied.
pub fn flatten(array: &ArrayRef) -> Result<ArrayRef> {
    let flat = if types::is_image(array.data_type()) { pixels(array.as_struct())? } else { flat_lists(array)? };
    let wanted = flat_type(array.data_type());
    if *flat.data_type() == wanted || !contains_decimal(flat.data_type()) {
        return Ok(flat);
    }
    Ok(cast(&flat, &wanted)?)
}

/// The type `flatten` gives for a column of `data_type`.
pub fn flat_type(data_type: &DataType) -> DataType {
    if types::is_image(data_type) {
        return types::float_array_type();
    }
    let number = |number: &DataType| if number.is_decimal() { DataType::Float64 } else { number.clone() };
    let Some(item) = element(data_type) else { return number(data_type) };
    if element(item.data_type()).is_some() {
        let mut leaf = item;
        while let Some(deeper) = element(leaf.data_type()) {
            leaf = deeper;
        }
        return DataType::new_list(number(leaf.data_type()), true);
    }
    if !item.data_type().is_decimal() {
        return data_type.clone();
    }
    let item = Arc::new(Field::new_list_field(DataType::Float64, true));
    match data_type {
        DataType::LargeList(_) => DataType::LargeList(item),
        DataType::FixedSizeList(_, size) => DataType::FixedSizeList(item, *size),
        _ => DataType::List(item),
    }
}

fn contains_decimal(data_type: &DataType) -> bool {
    data_type.is_decimal() || element(data_type).is_some_and(|item| contains_decimal(item.data_type()))
}

fn pixels(image: &StructArray) -> Result<ArrayRef> {
    let pixels = image.column(3).as_list::<i32>();
    let nulls = NullBuffer::union(pixels.nulls(), image.nulls());
    let (item, offsets, values, _) = pixels.clone().into_parts();
    Ok(Arc::new(ListArray::try_new(item, offsets, values, nulls)?))
}

fn flat_lists(array: &ArrayRef) -> Result<ArrayRef> {
    let Some(mut lists) = Lists::new(array) else { return Ok(Arc::clone(array)) };
    if Lists::new(&lists.values).is_none() {
        return Ok(Arc::clone(array));
    }
    let mut ranges: Vec<Range<usize>> = (0..array.len()).map(|row| lists.range(row)).collect();
    while let Some(inner) = Lists::new(&lists.values) {
        for (row, range) in ranges.iter_mut().enumerate() {
            if array.is_valid(row) {
                *range = inner.span(range, row)?;
            }
        }
        lists = inner;
    }
    gather(&ranges, array.nulls(), &lists.values)
}

/// The numbers in an array type, however deeply nested; `None` where it is not an array of numbers.
pub(crate) fn number_type(data_type: &DataType) -> Option<&DataType> {
    let mut leaf = element(data_type)?;
    while let Some(deeper) = element(leaf.data_type()) {
        leaf = deeper;
    }
    (leaf.data_type().is_numeric() || leaf.data_type().is_null()).then(|| leaf.data_type())
}

/// How deeply arrays are nested in a type: 0 for a number, 1 for a flat array.
pub(crate) fn depth(data_type: &DataType) -> usize {
    element(data_type).map_or(0, |item| 1 + depth(item.data_type()))
}

fn element(data_type: &DataType) -> Option<&Field> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => Some(item),
        _ => None,
    }
}

/// Lists whose rows follow one another in `values`; rows need not be adjacent.
fn gather(ranges: &[Range<usize>], nulls: Option<&NullBuffer>, values: &ArrayRef) -> Result<ArrayRef> {
    let length = |row: usize| if nulls.is_none_or(|nulls| nulls.is_valid(row)) { ranges[row].len() } else { 0 };
    let adjacent = (1..ranges.len()).all(|row| ranges[row - 1].end == ranges[row].start);
    let item = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    if adjacent && nulls.is_none_or(|nulls| nulls.null_count() == 0) {
        let start = ranges.first().map_or(0, |range| range.start);
        let end = ranges.last().map_or(0, |range| range.end);
        let values = values.slice(start, end - start);
        let offsets = OffsetBuffer::from_lengths(ranges.iter().map(|range| range.len()));
        return Ok(Arc::new(ListArray::try_new(item, offsets, values, None)?));
    }
    let data = values.to_data();
    let mut copy = datafusion::arrow::array::MutableArrayData::new(vec![&data], false, 0);
    for (row, range) in ranges.iter().enumerate() {
        if length(row) > 0 {
            copy.try_extend(0, range.start, range.end)?;
        }
    }
    let values = datafusion::arrow::array::make_array(copy.freeze());
    let offsets = OffsetBuffer::from_lengths((0..ranges.len()).map(length));
    Ok(Arc::new(ListArray::try_new(item, offsets, values, nulls.cloned())?))
}

/// One level of lists, whichever of Arrow's three layouts holds it.
pub(crate) struct Lists {
    rows: Rows,
    nulls: Option<NullBuffer>,
    /// The elements; `range` counts in them.
    pub values: ArrayRef,
}

enum Rows {
    Fixed(usize),
    Small(OffsetBuffer<i32>),
    Large(OffsetBuffer<i64>),
}

impl Lists {
    /// `None` for an array that is not a list.
    pub fn new(array: &ArrayRef) -> Option<Self> {
        let nulls = array.nulls().cloned();
        Some(match array.data_type() {
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Self { rows: Rows::Small(list.offsets().clone()), nulls, values: Arc::clone(list.values()) }
            }
            DataType::LargeList(_) => {
                let list = array.as_list::<i64>();
                Self { rows: Rows::Large(list.offsets().clone()), nulls, values: Arc::clone(list.values()) }
            }
            DataType::FixedSizeList(_, size) => {
                let list = array.as_fixed_size_list();
                Self { rows: Rows::Fixed(usize::try_from(*size).ok()?), nulls, values: Arc::clone(list.values()) }
            }
            _ => return None,
        })
    }

    /// Where a row's elements are.
    pub fn range(&self, row: usize) -> Range<usize> {
        match &self.rows {
            Rows::Fixed(size) => row * size..(row + 1) * size,
            Rows::Small(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
            Rows::Large(offsets) => offsets[row] as usize..offsets[row + 1] as usize,
        }
    }

    /// The elements of several rows in one run; `outer` is the row to name in an error.
    pub fn span(&self, rows: &Range<usize>, outer: usize) -> Result<Range<usize>, Error> {
        if let Some(nulls) = &self.nulls
            && rows.clone().any(|row| nulls.is_null(row))
        {
            return Err(Error::NullValue { message: "array contains a NULL array".to_owned(), row: outer });
        }
        if rows.is_empty() {
            return Ok(0..0);
        }
        Ok(self.range(rows.start).start..self.range(rows.end - 1).end)
    }
}

/// Collects FLOAT arrays, one a row.
pub(crate) struct TensorBuilder {
    width: Option<usize>,
    values: Vec<f32>,
    lengths: Vec<usize>,
    valid: BooleanBufferBuilder,
}

impl TensorBuilder {
    /// For arrays of `data_type`: FLOAT arrays of fixed or of any length.
    pub fn new(data_type: &DataType, rows: usize) -> Self {
        let width = match data_type {
            DataType::FixedSizeList(_, width) => usize::try_from(*width).ok(),
            _ => None,
        };
        let values = Vec::with_capacity(width.unwrap_or(0).saturating_mul(rows).min(ARRAY_VALUES_MAX));
        Self { width, values, lengths: Vec::with_capacity(rows), valid: BooleanBufferBuilder::new(rows) }
    }

    pub fn push_null(&mut self) -> Result<(), Error> {
        if let Some(width) = self.width {
            self.reserve(width)?;
            self.values.resize(self.values.len() + width, 0.0);
        }
        self.lengths.push(0);
        self.valid.append(false);
        Ok(())
    }

    /// Adds a row of `length` values, which `fill` writes.
    pub fn push(&mut self, length: usize, fill: impl FnOnce(&mut [f32])) -> Result<(), Error> {
        if let Some(width) = self.width
            && width != length
        {
            return Err(Error::Image {
                message: format!("image has {length} values where {width} were promised"),
                row: self.lengths.len(),
                hint: Some("give the number of channels: channels => 1 or channels => 3".to_owned()),
            });
        }
        self.reserve(length)?;
        let start = self.values.len();
        self.values.resize(start + length, 0.0);
        fill(&mut self.values[start..]);
        self.lengths.push(length);
        self.valid.append(true);
        Ok(())
    }

    pub fn finish(mut self) -> Result<ArrayRef> {
        let rows = self.lengths.len();
        let valid = self.valid.finish();
        let nulls = (valid.count_set_bits() < rows).then(|| NullBuffer::new(valid));
        let values = PrimitiveArray::<Float32Type>::new(ScalarBuffer::from(self.values), None);
        let item = Arc::new(Field::new_list_field(DataType::Float32, true));
        match self.width {
            Some(width) => {
                let width = i32::try_from(width).map_err(|error| DataFusionError::Internal(error.to_string()))?;
                Ok(Arc::new(FixedSizeListArray::try_new_with_length(item, width, Arc::new(values), nulls, rows)?))
            }
            None => {
                let offsets = OffsetBuffer::from_lengths(self.lengths);
                Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(values), nulls)?))
            }
        }
    }

    fn reserve(&self, more: usize) -> Result<(), Error> {
        if more > ARRAY_VALUES_MAX {
            return Err(Error::TooLarge {
                message: format!("an image of {more} values is larger than {ARRAY_VALUES_MAX} values"),
                hint: "give a smaller height, width or number of channels".to_owned(),
            });
        }
        // Plans read few rows at a time where images are large, so this is the end of a batch that no plan has cut.
        if self.values.len().saturating_add(more) > ARRAY_VALUES_MAX {
            return Err(Error::TooLarge {
                message: format!("the images of one batch have more than {ARRAY_VALUES_MAX} values"),
                hint: "make the images in a subquery, from one row each".to_owned(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Float32Builder, ListBuilder};
    use datafusion::arrow::datatypes::Float64Type;

    use super::*;

    fn nested(rows: &[Option<&[&[f32]]>]) -> ArrayRef {
        let mut builder = ListBuilder::new(ListBuilder::new(Float32Builder::new()));
        for row in rows {
            for line in row.unwrap_or_default() {
                builder.values().append_value(line.iter().map(|value| Some(*value)));
            }
            builder.append(row.is_some());
        }
        Arc::new(builder.finish())
    }

    #[test]
    fn nested_arrays_become_flat() {
        let array = nested(&[Some(&[&[1., 2.], &[3., 4.]]), None, Some(&[&[5., 6.]]), Some(&[])]);
        for (skip, expected) in [(0, vec![4, 0, 2, 0]), (1, vec![0, 2, 0]), (2, vec![2, 0])] {
            let flat = flatten(&array.slice(skip, array.len() - skip)).unwrap();
            let flat = flat.as_list::<i32>();
            assert_eq!((0..flat.len()).map(|row| flat.value(row).len()).collect::<Vec<_>>(), expected);
            assert_eq!(flat.data_type(), &flat_type(array.data_type()));
        }
        let flat = flatten(&array).unwrap();
        let last = flat.as_list::<i32>().value(2);
        assert_eq!(last.as_primitive::<Float32Type>().values(), &[5., 6.]);
        assert!(flat.is_null(1));
    }

    #[test]
    fn numeric_becomes_double_precision() {
        let numeric = |data_type: &DataType| cast(&nested(&[Some(&[&[1.5, 2.]]), None]), data_type).unwrap();
        let list = |item: DataType| DataType::new_list(item, true);
        let flat = flatten(&numeric(&list(list(DataType::Decimal128(4, 1))))).unwrap();
        assert_eq!(flat.data_type(), &list(DataType::Float64));
        assert_eq!(flat.as_list::<i32>().value(0).as_primitive::<Float64Type>().values(), &[1.5, 2.]);
        let flat = flatten(&flat).unwrap();
        assert_eq!(flat.data_type(), &list(DataType::Float64));
    }

    #[test]
    fn a_null_line_is_refused() {
        let mut builder = ListBuilder::new(ListBuilder::new(Float32Builder::new()));
        builder.values().append_null();
        builder.append(true);
        let array: ArrayRef = Arc::new(builder.finish());
        assert!(flatten(&array).unwrap_err().to_string().contains("NULL"));
    }

    #[test]
    fn fixed_rows_keep_their_width_over_nulls() {
        let mut builder = TensorBuilder::new(&DataType::new_fixed_size_list(DataType::Float32, 2, true), 2);
        builder.push_null().unwrap();
        builder.push(2, |row| row.copy_from_slice(&[1., 2.])).unwrap();
        assert!(builder.push(3, |_| ()).is_err());
        let array = builder.finish().unwrap();
        assert_eq!((array.len(), array.null_count()), (2, 1));
    }

    #[test]
    fn an_image_beyond_the_limit_is_refused_before_it_is_made() {
        let mut builder = TensorBuilder::new(&types::float_array_type(), 1);
        let error = builder.push(ARRAY_VALUES_MAX + 1, |_| ()).unwrap_err();
        assert!(matches!(&error, Error::TooLarge { hint, .. } if hint.contains("smaller height")), "{error:?}");
    }
}
