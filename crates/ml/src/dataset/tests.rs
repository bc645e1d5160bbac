//! Datasets: what is taken, what is refused.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Decimal128Array, FixedSizeListArray, Float64Array, Int16Array,
    LargeListArray, ListArray, StringArray, StringViewArray,
};
use arrow::datatypes::{DataType, Float64Type, Int32Type};

use super::*;
use crate::Error;

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
    assert!(!builder.blocks.floats());
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
    builder.push(&[lists(&[&[1.0], &[2.0]])], &(Arc::new(StringViewArray::from(vec!["b", "a"])) as ArrayRef)).unwrap();
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
