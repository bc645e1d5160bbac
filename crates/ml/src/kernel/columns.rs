//! Rows of equal length: their sum, and one of them everywhere; what biases are made of.

use super::Isa;
use super::lanes::{Lanes, for_each_isa};

/// Columns that are summed together at least, where rows are shorter: several rows count as one then.
const WIDTH: usize = 64;

/// Adds to `sums` the rows of `values`, each as long as `sums`.
pub fn add_rows(isa: Isa, values: &[f32], sums: &mut [f32]) {
    let columns = sums.len();
    assert!(columns > 0 && values.len().is_multiple_of(columns), "rows of another length than their sum");
    if columns > WIDTH / 2 || values.len() < WIDTH {
        // SAFETY: there are as many values as rows and columns say.
        return unsafe { add(isa, values.as_ptr(), values.len() / columns, columns, sums.as_mut_ptr()) };
    }
    let width = WIDTH / columns * columns;
    let mut wide = [0.0_f32; WIDTH];
    let rows = values.len() / width;
    // SAFETY: as above; `width` is at most `WIDTH`.
    unsafe { add(isa, values.as_ptr(), rows, width, wide.as_mut_ptr()) }
    for row in wide[..width].chunks_exact(columns).chain(values[rows * width..].chunks_exact(columns)) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
}

/// Puts `row` into each row of `values`.
pub fn fill_rows(row: &[f32], values: &mut [f32]) {
    assert!(!row.is_empty() && values.len().is_multiple_of(row.len()), "rows of another length than the one they get");
    if values.is_empty() {
        return;
    }
    values[..row.len()].copy_from_slice(row);
    // Copies of what is there already, of whole rows: a copy of one row alone costs more than its values.
    let mut done = row.len();
    while done < values.len() {
        let count = done.min(values.len() - done).min(1024_usize.next_multiple_of(row.len()));
        values.copy_within(..count, done);
        done += count;
    }
}

for_each_isa! {
    /// # Safety
    /// `values` are good for `rows · columns` values, `sums` for `columns`.
    unsafe fn add(values: *const f32, rows: usize, columns: usize, sums: *mut f32) = add_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// # Safety
/// As [`add`].
#[inline(always)]
unsafe fn add_body<L: Lanes>(values: *const f32, rows: usize, columns: usize, sums: *mut f32) {
    let mut column = 0;
    // SAFETY: `column` stays at or below `columns`, and each call is given the number of columns that are left.
    unsafe {
        while column + 4 * L::LEN <= columns {
            add_columns::<L, 4>(values.add(column), rows, columns, sums.add(column), L::LEN);
            column += 4 * L::LEN;
        }
        while column < columns {
            let width = L::LEN.min(columns - column);
            add_columns::<L, 1>(values.add(column), rows, columns, sums.add(column), width);
            column += width;
        }
    }
}

/// `V` vectors of columns, of which only `width` lanes count when that is less than all.
///
/// # Safety
/// As [`add`].
#[inline(always)]
unsafe fn add_columns<L: Lanes, const V: usize>(
    values: *const f32,
    rows: usize,
    columns: usize,
    sums: *mut f32,
    width: usize,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut total = [L::splat(0.0); V];
        if width == L::LEN {
            for row in 0..rows {
                for (v, total) in total.iter_mut().enumerate() {
                    *total = total.add(L::load(values.add(row * columns + v * L::LEN)));
                }
            }
            for (v, total) in total.into_iter().enumerate() {
                let place = sums.add(v * L::LEN);
                L::load(place).add(total).store(place);
            }
        } else {
            for row in 0..rows {
                total[0] = total[0].add(L::load_part(values.add(row * columns), width));
            }
            L::load_part(sums, width).add(total[0]).store_part(sums, width);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_are_summed_and_filled(rows in 0_usize..70, columns in 1_usize..150, hole in 0_usize..5000) {
            let mut values: Vec<f32> = (0..rows * columns).map(|place| (place % 37) as f32 - 18.0).collect();
            if let Some(value) = values.get_mut(hole) {
                *value = f32::NAN;
            }
            let mut plain = vec![0.5_f32; columns];
            for row in values.chunks(columns) {
                plain.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            for isa in Isa::available() {
                let mut sums = vec![0.5_f32; columns];
                add_rows(isa, &values, &mut sums);
                for (found, expected) in sums.iter().zip(&plain) {
                    // Whole numbers and a half: exact in any order.
                    prop_assert!(found == expected || (found.is_nan() && expected.is_nan()), "{isa:?}: {found}");
                }
            }
            let row: Vec<f32> = (0..columns).map(|place| place as f32).collect();
            fill_rows(&row, &mut values);
            prop_assert!(values.chunks(columns).all(|values| values == row));
        }
    }
}
