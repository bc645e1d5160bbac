//! `[rows][columns]` as `[columns][rows]`, in squares that fit the registers.

use super::Isa;
use super::lanes::{Lanes, for_each_isa};

/// Fills `to`, whose rows are `to_row` apart, with the columns of `from`, whose rows are `from_row` apart.
pub fn transpose(isa: Isa, [rows, columns]: [usize; 2], from: &[f32], from_row: usize, to: &mut [f32], to_row: usize) {
    if rows == 0 || columns == 0 {
        return;
    }
    assert!(
        columns <= from_row
            && rows <= to_row
            && (rows - 1) * from_row + columns <= from.len()
            && (columns - 1) * to_row + rows <= to.len(),
        "a matrix does not fit its slices"
    );
    // SAFETY: every index lies inside its slice.
    unsafe { transposed(isa, rows, columns, from.as_ptr(), from_row, to.as_mut_ptr(), to_row) }
}

for_each_isa! {
    /// # Safety
    /// What [`transpose`] checks.
    unsafe fn transposed(
        rows: usize, columns: usize, from: *const f32, from_row: usize, to: *mut f32, to_row: usize,
    ) = transposed_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// What [`transpose`] checks.
#[inline(always)]
unsafe fn transposed_body<L: Lanes>(
    rows: usize,
    columns: usize,
    from: *const f32,
    from_row: usize,
    to: *mut f32,
    to_row: usize,
) {
    for row in (0..rows).step_by(L::LEN) {
        for column in (0..columns).step_by(L::LEN) {
            // SAFETY: as the caller says; a square that is cut off is copied value by value.
            unsafe {
                let (from, to) = (from.add(row * from_row + column), to.add(column * to_row + row));
                let (high, wide) = (L::LEN.min(rows - row), L::LEN.min(columns - column));
                if high == L::LEN && wide == L::LEN {
                    L::transpose_square(from, from_row, to, to_row);
                } else {
                    for y in 0..high {
                        for x in 0..wide {
                            *to.add(x * to_row + y) = *from.add(y * from_row + x);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn rows_become_columns(rows in 1_usize..70, columns in 1_usize..70, gap in 0_usize..5) {
            let (from_row, to_row) = (columns + gap, rows + gap);
            let from: Vec<f32> = (0..rows * from_row).map(|value| value as f32).collect();
            for isa in Isa::available() {
                let mut to = vec![-1.0; columns * to_row];
                transpose(isa, [rows, columns], &from, from_row, &mut to, to_row);
                for (place, value) in to.iter().enumerate() {
                    let (column, row) = (place / to_row, place % to_row);
                    let expected = if row < rows { from[row * from_row + column] } else { -1.0 };
                    prop_assert_eq!(*value, expected, "{:?}", isa);
                }
            }
        }
    }
}
