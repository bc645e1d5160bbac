//! The rows that a model learns from, gathered batch by batch.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, PrimitiveArray, UInt32Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::{SortColumn, cast, concat, lexsort_to_indices, take};
use arrow::datatypes::{DataType, Float32Type, UInt8Type};

use crate::Error;
use crate::train::LossKind;

/// What the label is to be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// Floating-point and decimal labels are values, all others classes.
    Auto,
    Classes,
    Values,
}

impl From<Option<LossKind>> for LabelKind {
    /// What the labels are where that loss was asked for.
    fn from(loss: Option<LossKind>) -> Self {
        match loss {
            None => LabelKind::Auto,
            Some(LossKind::CrossEntropy) => LabelKind::Classes,
            Some(LossKind::Mse) => LabelKind::Values,
        }
    }
}

/// Labels, one a row.
#[derive(Debug, Clone)]
pub enum Labels {
    /// `ids` index into `classes`: the distinct labels, sorted, in the type they had (see [`Dataset::label_type`]).
    Classes {
        ids: Vec<u32>,
        classes: ArrayRef,
    },
    Values(Vec<f32>),
}

/// Features, row by row; bytes stay bytes.
#[derive(Debug, Clone)]
enum Features {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

/// Rows of `width` values and their labels.
#[derive(Debug, Clone)]
pub struct Dataset {
    pub rows: usize,
    pub width: usize,
    pub labels: Labels,
    /// As the labels came; text as Utf8, Float16 as Float32, decimals as Float64.
    pub label_type: DataType,
    features: Features,
}

impl Dataset {
    /// Row `row` into `out`, which has `width` places.
    pub fn copy_row(&self, row: usize, out: &mut [f32]) {
        let range = row * self.width..(row + 1) * self.width;
        match &self.features {
            Features::Bytes(bytes) => {
                for (out, byte) in out.iter_mut().zip(&bytes[range]) {
                    *out = f32::from(*byte);
                }
            }
            Features::Floats(floats) => out.copy_from_slice(&floats[range]),
        }
    }
}

/// Takes batches; holds what it has taken in memory and says how much that is.
#[derive(Debug, Default)]
pub struct DatasetBuilder {
    features: Option<Features>,
    width: usize,
    rows: usize,
    labels: Vec<ArrayRef>,
    label_bytes: usize,
}

impl DatasetBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds rows. `features`: one column of arrays or bytes, or several of numbers. Rows are counted from 1 in errors,
    /// over all batches.
    pub fn push(&mut self, features: &[ArrayRef], labels: &ArrayRef) -> Result<(), Error> {
        if let Some(row) = first_null(labels) {
            return Err(Error::Null { row: self.rows + row + 1, what: "the label" });
        }
        if let Some(column) = features.iter().find(|column| column.len() != labels.len()) {
            return Err(Error::Arity(format!("{} inputs for {} labels", column.len(), labels.len())));
        }
        let (values, width) = flat_features(features, labels.len(), self.rows)?;
        if labels.is_empty() {
            return Ok(());
        }
        if width == 0 {
            return Err(Error::Arity(format!("row {}: the input is empty", self.rows + 1)));
        }
        if self.rows > 0 && width != self.width {
            return Err(Error::Ragged { row: self.rows + 1, found: width, expected: self.width });
        }
        let labels = plain_labels(labels)?;
        self.width = width;
        self.append(values);
        self.rows += labels.len();
        self.label_bytes += labels.get_array_memory_size();
        self.labels.push(labels);
        Ok(())
    }

    /// Rows taken so far.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        let features = match &self.features {
            None => 0,
            Some(Features::Bytes(bytes)) => bytes.capacity(),
            Some(Features::Floats(floats)) => floats.capacity() * size_of::<f32>(),
        };
        features + self.label_bytes
    }

    /// The rows with their labels settled.
    pub fn finish(self, kind: LabelKind) -> Result<Dataset, Error> {
        let (Some(features), false) = (self.features, self.labels.is_empty()) else {
            return Err(Error::NoRows);
        };
        let parts: Vec<&dyn Array> = self.labels.iter().map(AsRef::as_ref).collect();
        let labels = concat(&parts).map_err(|error| Error::Arity(error.to_string()))?;
        let label_type = labels.data_type().clone();
        let as_values = match kind {
            LabelKind::Auto => label_type.is_floating(),
            LabelKind::Classes => false,
            LabelKind::Values => true,
        };
        let labels = if as_values { values(&labels)? } else { classes(&labels)? };
        Ok(Dataset { rows: self.rows, width: self.width, labels, label_type, features })
    }

    fn append(&mut self, values: Features) {
        self.features = Some(match (self.features.take(), values) {
            (None, values) => values,
            (Some(Features::Bytes(mut all)), Features::Bytes(more)) => {
                all.extend(more);
                Features::Bytes(all)
            }
            (Some(Features::Floats(mut all)), Features::Floats(more)) => {
                all.extend(more);
                Features::Floats(all)
            }
            (Some(Features::Floats(mut all)), Features::Bytes(more)) => {
                all.extend(more.into_iter().map(f32::from));
                Features::Floats(all)
            }
            (Some(Features::Bytes(all)), Features::Floats(more)) => {
                Features::Floats(all.into_iter().map(f32::from).chain(more).collect())
            }
        });
    }
}

/// Labels without views, dictionaries and slices, in one of the types that a model can remember.
fn plain_labels(labels: &ArrayRef) -> Result<ArrayRef, Error> {
    let mut value_type = labels.data_type();
    while let DataType::Dictionary(_, inner) = value_type {
        value_type = inner;
    }
    let plain = match value_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            DataType::Float64
        }
        DataType::Boolean | DataType::Float32 | DataType::Float64 => value_type.clone(),
        other if other.is_integer() => other.clone(),
        _ => return Err(label_type_error(labels)),
    };
    let plain = cast(labels, &plain).map_err(|_| label_type_error(labels))?;
    // A slice of a larger batch would keep all of it alive.
    let rows = UInt32Array::from_iter_values(0..plain.len() as u32);
    take(&plain, &rows, None).map_err(|_| label_type_error(labels))
}

fn label_type_error(labels: &ArrayRef) -> Error {
    Error::Type { what: "a label", data_type: labels.data_type().to_string() }
}

fn first_null(array: &dyn Array) -> Option<usize> {
    (array.null_count() > 0).then(|| (0..array.len()).find(|row| array.is_null(*row))).flatten()
}

fn values(labels: &ArrayRef) -> Result<Labels, Error> {
    if !labels.data_type().is_numeric() {
        return Err(Error::LossMismatch { loss: "mse".to_owned(), label_type: labels.data_type().to_string() });
    }
    let floats = cast(labels, &DataType::Float32).map_err(|_| label_type_error(labels))?;
    let floats: &Float32Array = floats.as_primitive::<Float32Type>();
    if let Some(row) = floats.values().iter().position(|value| !value.is_finite()) {
        return Err(Error::NotFinite { row: row + 1, what: "the label", value: floats.value(row).to_string() });
    }
    Ok(Labels::Values(floats.values().to_vec()))
}

fn classes(labels: &ArrayRef) -> Result<Labels, Error> {
    if labels.data_type().is_floating() {
        // NaN is no class, and not equal to itself.
        values(labels)?;
    }
    let sorted = lexsort_to_indices(&[SortColumn { values: Arc::clone(labels), options: None }], None)
        .map_err(|_| label_type_error(labels))?;
    let in_order = take(labels, &sorted, None).map_err(|_| label_type_error(labels))?;
    let partitions =
        arrow::compute::partition(std::slice::from_ref(&in_order)).map_err(|_| label_type_error(labels))?;
    let mut ids = vec![0; labels.len()];
    let mut firsts = Vec::new();
    for (class, range) in partitions.ranges().into_iter().enumerate() {
        firsts.push(range.start as u32);
        for position in range {
            ids[sorted.value(position) as usize] = class as u32;
        }
    }
    let classes = take(&in_order, &UInt32Array::from(firsts), None).map_err(|_| label_type_error(labels))?;
    Ok(Labels::Classes { ids, classes })
}

/// The values of all rows, one after the other, and how many a row has.
fn flat_features(columns: &[ArrayRef], rows: usize, before: usize) -> Result<(Features, usize), Error> {
    match columns {
        [] => Err(Error::Arity("no features".to_owned())),
        [column] if is_nested(column.data_type()) => one_column(column, before),
        columns => scalar_columns(columns, rows, before),
    }
}

pub(crate) fn is_nested(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::List(_)
            | DataType::LargeList(_)
            | DataType::FixedSizeList(_, _)
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::FixedSizeBinary(_)
    )
}

fn one_column(column: &ArrayRef, before: usize) -> Result<(Features, usize), Error> {
    if let Some(row) = first_null(column) {
        return Err(Error::Null { row: before + row + 1, what: "the input" });
    }
    let (values, width) = tensor_rows(column, before)?;
    if values.null_count() > 0 {
        let index = (0..values.len()).find(|index| values.is_null(*index)).unwrap_or(0);
        return Err(Error::Null { row: before + index / width.max(1) + 1, what: "a value of the input" });
    }
    if values.data_type() == &DataType::UInt8 {
        return Ok((Features::Bytes(values.as_primitive::<UInt8Type>().values().to_vec()), width));
    }
    let floats = floats(&values, column.data_type())?.values().to_vec();
    check_finite(&floats, width, before)?;
    Ok((Features::Floats(floats), width))
}

/// Numbers of any type as floats; nothing else becomes a number.
fn floats(values: &ArrayRef, named: &DataType) -> Result<Float32Array, Error> {
    let type_error = || Error::Type { what: "an input", data_type: named.to_string() };
    if !is_number(values.data_type()) {
        return Err(type_error());
    }
    let floats = cast(values, &DataType::Float32).map_err(|_| type_error())?;
    Ok(floats.as_primitive::<Float32Type>().clone())
}

/// Types whose values a model can take.
pub(crate) fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric() || data_type == &DataType::Boolean
}

fn check_finite(floats: &[f32], width: usize, before: usize) -> Result<(), Error> {
    match floats.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(Error::NotFinite {
            row: before + index / width.max(1) + 1,
            what: "a value of the input",
            value: floats[index].to_string(),
        }),
        None => Ok(()),
    }
}

/// The values of a column of arrays or bytes as one array, and the width that all rows share. NULL rows are for the caller.
pub(crate) fn tensor_rows(column: &ArrayRef, before: usize) -> Result<(ArrayRef, usize), Error> {
    let type_error = || Error::Type { what: "an input", data_type: column.data_type().to_string() };
    match column.data_type() {
        DataType::FixedSizeList(_, width) => {
            let list = column.as_fixed_size_list();
            let width = *width as usize;
            Ok((list.values().slice(list.value_offset(0) as usize, list.len() * width), width))
        }
        DataType::List(_) => {
            let list = column.as_list::<i32>();
            let offsets: Vec<usize> = list.value_offsets().iter().map(|offset| *offset as usize).collect();
            uniform(list.values(), &offsets, before)
        }
        DataType::LargeList(_) => {
            let list = column.as_list::<i64>();
            let offsets: Vec<usize> = list.value_offsets().iter().map(|offset| *offset as usize).collect();
            uniform(list.values(), &offsets, before)
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let binary = cast(column, &DataType::Binary).map_err(|_| type_error())?;
            let binary = binary.as_binary::<i32>();
            let offsets: Vec<usize> = binary.value_offsets().iter().map(|offset| *offset as usize).collect();
            let bytes = PrimitiveArray::<UInt8Type>::new(ScalarBuffer::from(binary.values().clone()), None);
            uniform(&(Arc::new(bytes) as ArrayRef), &offsets, before)
        }
        _ => Err(type_error()),
    }
}

fn uniform(values: &ArrayRef, offsets: &[usize], before: usize) -> Result<(ArrayRef, usize), Error> {
    let (Some(start), Some(end)) = (offsets.first(), offsets.last()) else {
        return Ok((values.slice(0, 0), 0));
    };
    let width = offsets.get(1).map_or(0, |next| next - start);
    if let Some(row) = offsets.windows(2).position(|pair| pair[1] - pair[0] != width) {
        let found = offsets[row + 1] - offsets[row];
        return Err(Error::Ragged { row: before + row + 1, found, expected: width });
    }
    Ok((values.slice(*start, end - start), width))
}

fn scalar_columns(columns: &[ArrayRef], rows: usize, before: usize) -> Result<(Features, usize), Error> {
    let width = columns.len();
    let mut all = vec![0.0; rows * width];
    for (place, column) in columns.iter().enumerate() {
        if let Some(row) = first_null(column) {
            return Err(Error::Null { row: before + row + 1, what: "an input" });
        }
        for (row, value) in floats(column, column.data_type())?.values().iter().enumerate() {
            all[row * width + place] = *value;
        }
    }
    check_finite(&all, width, before)?;
    Ok((Features::Floats(all), width))
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        BinaryArray, BooleanArray, Decimal128Array, FixedSizeListArray, Float64Array, Int16Array, LargeListArray,
        ListArray, StringArray, StringViewArray,
    };
    use arrow::datatypes::{Float64Type, Int32Type};

    use super::*;

    fn lists(rows: &[&[f64]]) -> ArrayRef {
        Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(
            rows.iter().map(|row| Some(row.iter().copied().map(Some).collect::<Vec<_>>())),
        ))
    }

    fn int_labels(labels: &[i16]) -> ArrayRef {
        Arc::new(Int16Array::from(labels.to_vec()))
    }

    #[test]
    fn bytes_stay_bytes_until_floats_come() {
        let mut builder = DatasetBuilder::new();
        let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&[0_u8, 255][..], &[7, 8]]));
        builder.push(&[bytes], &int_labels(&[1, 2])).unwrap();
        assert!(matches!(builder.features, Some(Features::Bytes(_))));
        let before = builder.memory_bytes();
        builder.push(&[lists(&[&[0.5, 1.5]])], &int_labels(&[1])).unwrap();
        assert!(builder.memory_bytes() > before);
        let dataset = builder.finish(LabelKind::Auto).unwrap();
        let mut row = [0.0; 2];
        dataset.copy_row(0, &mut row);
        assert_eq!(row, [0.0, 255.0]);
        dataset.copy_row(2, &mut row);
        assert_eq!(row, [0.5, 1.5]);
    }

    #[test]
    fn classes_are_sorted_and_keep_their_type() {
        let mut builder = DatasetBuilder::new();
        builder
            .push(&[lists(&[&[1.0], &[2.0]])], &(Arc::new(StringViewArray::from(vec!["b", "a"])) as ArrayRef))
            .unwrap();
        builder.push(&[lists(&[&[1.0]])], &(Arc::new(StringViewArray::from(vec!["b"])) as ArrayRef)).unwrap();
        let dataset = builder.finish(LabelKind::Auto).unwrap();
        let Labels::Classes { ids, classes } = &dataset.labels else { panic!("classes are expected") };
        assert_eq!(ids, &[1, 0, 1]);
        assert_eq!(classes.as_ref(), &StringArray::from(vec!["a", "b"]) as &dyn Array);

        let mut builder = DatasetBuilder::new();
        let labels: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
        builder.push(&[lists(&[&[1.0], &[2.0]])], &labels).unwrap();
        let dataset = builder.finish(LabelKind::Auto).unwrap();
        assert!(matches!(&dataset.labels, Labels::Classes { ids, .. } if ids == &[1, 0]));
    }

    #[test]
    fn numbers_are_values_unless_they_are_to_be_classes() {
        let labels: ArrayRef = Arc::new(Decimal128Array::from(vec![150, 250]).with_precision_and_scale(5, 2).unwrap());
        let push = |labels: &ArrayRef| {
            let mut builder = DatasetBuilder::new();
            builder.push(&[lists(&[&[1.0], &[2.0]])], labels).unwrap();
            builder
        };
        let dataset = push(&labels).finish(LabelKind::Auto).unwrap();
        assert!(matches!(&dataset.labels, Labels::Values(values) if values == &[1.5, 2.5]));
        let dataset = push(&labels).finish(LabelKind::Classes).unwrap();
        assert!(matches!(&dataset.labels, Labels::Classes { .. }));
        assert_eq!(dataset.label_type, DataType::Float64);
        let nan: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN]));
        let error = push(&nan).finish(LabelKind::Classes).unwrap_err();
        assert!(matches!(error, Error::NotFinite { row: 2, .. }), "{error}");
        let text: ArrayRef = Arc::new(StringArray::from(vec!["1", "x"]));
        assert!(matches!(push(&text).finish(LabelKind::Values).unwrap_err(), Error::LossMismatch { .. }));
    }

    #[test]
    fn slices_of_all_layouts_are_read() {
        let large: ArrayRef = Arc::new(LargeListArray::from_iter_primitive::<Int32Type, _, _>(
            (0..6).map(|row| Some(vec![Some(row), Some(row + 10)])),
        ));
        let fixed: ArrayRef = Arc::new(FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
            (0..6).map(|row| Some(vec![Some(row), Some(row + 10)])),
            2,
        ));
        let binary: ArrayRef = Arc::new(BinaryArray::from_iter_values((0..6_u8).map(|row| [row, row + 10])));
        for column in [large, fixed, binary] {
            let mut builder = DatasetBuilder::new();
            builder.push(&[column.slice(2, 3)], &int_labels(&[1, 2, 3])).unwrap();
            let dataset = builder.finish(LabelKind::Auto).unwrap();
            let mut row = [0.0; 2];
            dataset.copy_row(2, &mut row);
            assert_eq!(row, [4.0, 14.0]);
        }
        let columns: Vec<ArrayRef> = vec![int_labels(&[1, 2]), Arc::new(Float64Array::from(vec![0.5, 1.5]))];
        let mut builder = DatasetBuilder::new();
        builder.push(&columns, &int_labels(&[1, 2])).unwrap();
        let mut row = [0.0; 2];
        builder.finish(LabelKind::Auto).unwrap().copy_row(1, &mut row);
        assert_eq!(row, [2.0, 1.5]);
    }

    #[test]
    fn bad_rows_are_named_by_their_number() {
        let mut builder = DatasetBuilder::new();
        builder.push(&[lists(&[&[1.0, 2.0]])], &int_labels(&[1])).unwrap();
        let check = |features: ArrayRef, labels: ArrayRef, message: &str| {
            let mut builder = DatasetBuilder::new();
            builder.push(&[lists(&[&[1.0, 2.0]])], &int_labels(&[1])).unwrap();
            let error = builder.push(&[features], &labels).unwrap_err();
            assert_eq!(error.to_string(), message);
        };
        let null_label: ArrayRef = Arc::new(Int16Array::from(vec![Some(1), None]));
        check(lists(&[&[1.0, 2.0], &[1.0, 2.0]]), null_label, "row 3: the label is NULL");
        check(lists(&[&[1.0, f64::NAN]]), int_labels(&[1]), "row 2: a value of the input is NaN");
        check(lists(&[&[1.0]]), int_labels(&[1]), "row 2 has 1 values, the rows before it have 2");
        check(lists(&[&[1.0, 2.0], &[1.0]]), int_labels(&[1, 2]), "row 3 has 1 values, the rows before it have 2");
        let null_row: ArrayRef =
            Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(1.0), Some(2.0)]), None]));
        check(null_row, int_labels(&[1, 2]), "row 3: the input is NULL");
        let null_value: ArrayRef =
            Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(1.0), None])]));
        check(null_value, int_labels(&[1]), "row 2: a value of the input is NULL");
        let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        assert!(matches!(builder.push(&[text], &int_labels(&[1])).unwrap_err(), Error::Type { .. }));
        assert!(matches!(DatasetBuilder::new().finish(LabelKind::Auto).unwrap_err(), Error::NoRows));
    }
}
