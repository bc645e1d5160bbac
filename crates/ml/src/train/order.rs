//! An order of rows that depends on the rows alone.
//!
//! Files are read in parallel and tables are written in parallel, so the same table may come in another order each time.
//! Training starts from this order instead, and so gives the same model for any number of threads and any layout.

use crate::dataset::{Dataset, Labels};

/// Multiplier of each step: 2^64 divided by the golden ratio, made odd.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// The numbers of all rows, by a hash of what they hold. Rows that hold the same come next to each other, and it makes no
/// difference which of them comes first.
pub(super) fn canonical(dataset: &Dataset) -> Vec<usize> {
    let mut values = vec![0.0; dataset.width];
    let mut other = vec![0.0; dataset.width];
    let mut rows: Vec<(u64, usize)> = (0..dataset.rows)
        .map(|row| {
            dataset.copy_row(row, &mut values);
            (hash(&values, label(dataset, row)), row)
        })
        .collect();
    rows.sort_unstable_by(|(left_hash, left), (right_hash, right)| {
        left_hash.cmp(right_hash).then_with(|| {
            dataset.copy_row(*left, &mut values);
            dataset.copy_row(*right, &mut other);
            label(dataset, *left).cmp(&label(dataset, *right)).then_with(|| bits(&values).cmp(bits(&other)))
        })
    });
    rows.into_iter().map(|(_, row)| row).collect()
}

fn bits(values: &[f32]) -> impl Iterator<Item = u32> {
    values.iter().map(|value| value.to_bits())
}

fn label(dataset: &Dataset, row: usize) -> u32 {
    match &dataset.labels {
        Labels::Classes { ids, .. } => ids[row],
        Labels::Values(values) => values[row].to_bits(),
    }
}

/// Four chains side by side: one multiplication waits for the one before it.
fn hash(values: &[f32], label: u32) -> u64 {
    let step = |state: u64, bits: u32| (state.rotate_left(23) ^ u64::from(bits)).wrapping_mul(FACTOR);
    let mut chains = [1_u64, 2, 3, 4];
    let groups = values.chunks_exact(4);
    let rest = groups.remainder();
    for group in groups {
        for (chain, value) in chains.iter_mut().zip(group) {
            *chain = step(*chain, value.to_bits());
        }
    }
    for (chain, value) in chains.iter_mut().zip(rest) {
        *chain = step(*chain, value.to_bits());
    }
    let together = chains
        .iter()
        .fold(u64::from(label), |state, chain| (state.rotate_left(23) ^ chain ^ (chain >> 32)).wrapping_mul(FACTOR));
    together ^ (together >> 32)
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
