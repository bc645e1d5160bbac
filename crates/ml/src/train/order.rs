//! An order of rows that depends on the rows alone.
//!
//! Files are read in parallel and tables are written in parallel, so the same table may come in another order each time.
//! Training starts from this order instead, and so gives the same model for any number of threads and any layout.

use crate::dataset::{Dataset, Labels, Row, Window, hash_labelled};

/// The numbers of all rows, by a hash of what they hold. Rows that hold the same come next to each other, and it makes no
/// difference which of them comes first.
pub(super) fn canonical(dataset: &Dataset) -> Vec<usize> {
    let mut values = vec![0.0; dataset.width];
    let mut other = vec![0.0; dataset.width];
    let mut rows: Vec<(u64, usize)> = (0..dataset.rows)
        .map(|row| {
            dataset.copy_row(row, &mut values);
            (hash_labelled(&values, dataset.labels.bits(row)), row)
        })
        .collect();
    rows.sort_unstable_by(|(left_hash, left), (right_hash, right)| {
        left_hash.cmp(right_hash).then_with(|| {
            dataset.copy_row(*left, &mut values);
            dataset.copy_row(*right, &mut other);
            dataset.labels.bits(*left).cmp(&dataset.labels.bits(*right)).then_with(|| bits(&values).cmp(bits(&other)))
        })
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

fn bits(values: &[f32]) -> impl Iterator<Item = u32> {
    values.iter().map(|value| value.to_bits())
}

/// The rows of one partition of a window in such an order.
pub(super) fn canonical_of(window: &Window, rows: std::ops::Range<usize>, labels: &Labels) -> Vec<usize> {
    let mut order: Vec<usize> = rows.collect();
    order.sort_unstable_by(|left, right| {
        let label = |row: &usize| labels.bits(window.number(*row));
        (window.hash(*left).cmp(&window.hash(*right)))
            .then_with(|| label(left).cmp(&label(right)))
            .then_with(|| values(window.row(*left)).cmp(values(window.row(*right))))
    });
    order
}

fn values(row: Row<'_>) -> impl Iterator<Item = u32> {
    let len = match row {
        Row::Bytes(bytes) => bytes.len(),
        Row::Floats(floats) => floats.len(),
    };
    (0..len).map(move |at| match row {
        Row::Bytes(bytes) => u32::from(bytes[at]),
        Row::Floats(floats) => floats[at].to_bits(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float32Array, Int32Array};

    use super::*;
    use crate::dataset::{DatasetBuilder, LabelKind};

    fn dataset(rows: &[(f32, f32, i32)]) -> Dataset {
        let column = |of: fn(&(f32, f32, i32)) -> f32| -> ArrayRef {
            Arc::new(Float32Array::from_iter_values(rows.iter().map(of)))
        };
        let labels: ArrayRef = Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.2)));
        let mut builder = DatasetBuilder::new();
        builder.push(&[column(|row| row.0), column(|row| row.1)], &labels).unwrap();
        builder.finish(LabelKind::Auto).unwrap()
    }

    #[test]
    fn the_order_does_not_depend_on_how_rows_came() {
        let mut rows: Vec<(f32, f32, i32)> = (0..100).map(|row| (row as f32, (row % 7) as f32, row % 3)).collect();
        rows.extend_from_within(10..20);
        let in_order = |rows: &[(f32, f32, i32)]| -> Vec<(f32, f32, i32)> {
            canonical(&dataset(rows)).into_iter().map(|row| rows[row]).collect()
        };
        let expected = in_order(&rows);
        rows.rotate_left(37);
        rows.swap(3, 60);
        assert_eq!(in_order(&rows), expected);
    }

    #[test]
    fn rows_of_the_same_values_are_told_apart_by_their_label() {
        let order = canonical(&dataset(&[(1.0, 2.0, 0), (1.0, 2.0, 1)]));
        let turned = canonical(&dataset(&[(1.0, 2.0, 1), (1.0, 2.0, 0)]));
        assert_eq!(order, turned.into_iter().map(|row| 1 - row).collect::<Vec<_>>());
    }
}
