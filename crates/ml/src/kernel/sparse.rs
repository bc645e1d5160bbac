//! The backward pass of a pooled convolution, over what is not zero.
//!
//! Behind a 2×2 max-pool one output in four has a gradient, behind a rectifier fewer. Those are gathered into lists: by
//! window for the gradient of the input, which then keeps a window's field in registers, and by filter for the gradient of
//! the weights, which keeps a filter's weights there.

use super::lanes::{Lanes, PANEL, for_each_isa};
use super::{Isa, Live, LiveFilters, LiveLists, furthest};

/// Where the gradient of the input of a 3×3 convolution of stride 1 goes.
#[derive(Debug)]
pub struct LiveWindows<'a> {
    pub lists: &'a LiveLists,
    /// The first value of each window's field in the input's gradient.
    pub windows: &'a [usize],
    /// From a row of the input to the next.
    pub row: usize,
    /// Channels of the input, padded to whole panels.
    pub channels: usize,
    pub filters: usize,
}

impl LiveWindows<'_> {
    fn check(&self, panels: &[f32], gradient: &[f32]) {
        let windows = self.windows.len();
        let last = furthest(self.windows) + 3 * self.row + 4 * self.channels;
        assert!(
            self.channels.is_multiple_of(PANEL)
                && self.lists.starts.len() == windows
                && panels.len() == self.channels * self.filters * 9
                && (windows == 0 || last <= gradient.len()),
            "a sparse gradient does not fit its slices"
        );
        // Lists are filled by `Pooling::live` alone, with filters below this number.
        assert!(self.lists.listed <= self.filters, "lists of another convolution");
    }
}

/// Adds the gradient of the input of a 3×3 convolution of stride 1. `panels`: `[channel / 16][filter][3×3 place][channel
/// % 16]`.
pub fn sparse_input_gradient(isa: Isa, live: &LiveWindows<'_>, panels: &[f32], gradient: &mut [f32]) {
    live.check(panels, gradient);
    // SAFETY: `check` has put every index inside its slice.
    unsafe { input_gradient(isa, live, panels.as_ptr(), gradient.as_mut_ptr()) }
}

for_each_isa! {
    /// # Safety
    /// What [`LiveWindows::check`] checks.
    unsafe fn input_gradient(live: &LiveWindows<'_>, panels: *const f32, gradient: *mut f32) = input_gradient_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// # Safety
/// What [`LiveWindows::check`] checks.
#[inline(always)]
unsafe fn input_gradient_body<L: Lanes>(live: &LiveWindows<'_>, panels: *const f32, gradient: *mut f32) {
    for channel in (0..live.channels).step_by(L::LEN) {
        // SAFETY: the panel of this channel; each window's field lies inside the gradient.
        unsafe {
            let panel = panels.add(channel / PANEL * live.filters * 9 * PANEL + channel % PANEL);
            for (window, (offset, starts)) in live.windows.iter().zip(&live.lists.starts).enumerate() {
                let list = |place: usize| {
                    let (start, end) = (starts[place] as usize, starts[place + 1] as usize);
                    let (start, len) = (window * live.lists.room + start, end - start);
                    (
                        std::slice::from_raw_parts(live.lists.gradients.as_ptr().add(start), len),
                        std::slice::from_raw_parts(live.lists.filters.as_ptr().add(start), len),
                    )
                };
                let lists = [list(0), list(1), list(2), list(3)];
                let field = gradient.add(offset + channel);
                if L::LEN == 16 {
                    field_rows::<L, 4, 0>(lists, panel, field, live.row, live.channels);
                } else {
                    // Half a field at a time: there are sixteen registers.
                    field_rows::<L, 2, 0>(lists, panel, field, live.row, live.channels);
                    field_rows::<L, 2, 2>(lists, panel, field, live.row, live.channels);
                }
            }
        }
    }
}

/// `R` rows of a window's 4×4 field, from row `FIRST`.
///
/// # Safety
/// As [`input_gradient_body`].
#[inline(always)]
unsafe fn field_rows<L: Lanes, const R: usize, const FIRST: usize>(
    lists: [(&[f32], &[u32]); 4],
    panel: *const f32,
    field: *mut f32,
    row: usize,
    column: usize,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut sums = [[L::splat(0.0); 4]; R];
        for (y, sums) in sums.iter_mut().enumerate() {
            for (x, sum) in sums.iter_mut().enumerate() {
                *sum = L::load(field.add((FIRST + y) * row + x * column));
            }
        }
        place_of_field::<L, R, FIRST, 0, 0>(&mut sums, lists[0], panel);
        place_of_field::<L, R, FIRST, 0, 1>(&mut sums, lists[1], panel);
        place_of_field::<L, R, FIRST, 1, 0>(&mut sums, lists[2], panel);
        place_of_field::<L, R, FIRST, 1, 1>(&mut sums, lists[3], panel);
        for (y, sums) in sums.iter().enumerate() {
            for (x, sum) in sums.iter().enumerate() {
                sum.store(field.add((FIRST + y) * row + x * column));
            }
        }
    }
}

/// What the live filters of the output at (`Y`, `X`) of a window give to the rows at hand.
///
/// # Safety
/// As [`input_gradient_body`].
#[inline(always)]
unsafe fn place_of_field<L: Lanes, const R: usize, const FIRST: usize, const Y: usize, const X: usize>(
    sums: &mut [[L; 4]; R],
    (gradients, filters): (&[f32], &[u32]),
    panel: *const f32,
) {
    for (gradient, filter) in gradients.iter().zip(filters) {
        // SAFETY: as the caller says.
        unsafe {
            let weights = panel.add(*filter as usize * 9 * PANEL);
            let gradient = L::splat(*gradient);
            for y in 0..3 {
                if Y + y >= FIRST && Y + y - FIRST < R {
                    for x in 0..3 {
                        let sum = &mut sums[Y + y - FIRST][X + x];
                        *sum = sum.add_product(gradient, L::load(weights.add((y * 3 + x) * PANEL)));
                    }
                }
            }
        }
    }
}

/// Adds the gradient of the weights, `[filter][kernel row][run, padded to whole panels]`: of each filter, live output by
/// live output, its gradient times the runs of its field. A run's padding is read from what lies behind it and means
/// nothing. `row`: from a run to the next.
pub fn sparse_weight_gradient(
    isa: Isa,
    live: &LiveFilters,
    images: &[f32],
    rows: usize,
    row: usize,
    run: usize,
    gradient: &mut [f32],
) {
    live.check(rows, row, run, images, gradient);
    // SAFETY: every list is as long as its count, every field lies inside the images.
    unsafe { weight_gradient(isa, live, images.as_ptr(), rows, row, run, gradient.as_mut_ptr()) }
}

impl LiveFilters {
    /// Panics unless every field lies inside the images, and each filter has weights.
    fn check(&self, rows: usize, row: usize, run: usize, images: &[f32], weights: &[f32]) {
        assert!(
            run.is_multiple_of(PANEL)
                && rows > 0
                && weights.len() == self.counts.len() * rows * run
                && self.furthest + (rows - 1) * row + run <= images.len(),
            "a sparse gradient does not fit its slices"
        );
    }

    /// # Safety
    /// There is such a filter.
    unsafe fn list(&self, filter: usize) -> &[Live] {
        // SAFETY: `fill` alone changes lists and counts.
        unsafe {
            let count = *self.counts.get_unchecked(filter) as usize;
            std::slice::from_raw_parts(self.lists.as_ptr().add(filter * self.room), count)
        }
    }
}

for_each_isa! {
    /// # Safety
    /// What [`sparse_weight_gradient`] checks.
    unsafe fn weight_gradient(
        live: &LiveFilters, images: *const f32, rows: usize, row: usize, run: usize, gradient: *mut f32,
    ) = weight_gradient_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// # Safety
/// What [`sparse_weight_gradient`] checks.
#[inline(always)]
unsafe fn weight_gradient_body<L: Lanes>(
    live: &LiveFilters,
    images: *const f32,
    rows: usize,
    row: usize,
    run: usize,
    gradient: *mut f32,
) {
    let vectors = run / L::LEN;
    for filter in 0..live.counts.len() {
        // SAFETY: as the caller says.
        unsafe {
            let list = live.list(filter);
            if list.is_empty() {
                continue;
            }
            let mut first_row = 0;
            while first_row < rows {
                let left = rows - first_row;
                let together = if left >= 3 && vectors * 3 <= L::SUMS && matches!(vectors, 1 | 2 | 3 | 4 | 6 | 8) {
                    3
                } else if left >= 2 && vectors * 2 <= L::SUMS && matches!(vectors, 1 | 2 | 3 | 4 | 5 | 6 | 8 | 10 | 12)
                {
                    2
                } else {
                    1
                };
                let images = images.add(first_row * row);
                let gradient = gradient.add((filter * rows + first_row) * run);
                match (together, vectors) {
                    (3, 1) => runs::<L, 3, 1>(list, images, row, run, gradient),
                    (3, 2) => runs::<L, 3, 2>(list, images, row, run, gradient),
                    (3, 3) => runs::<L, 3, 3>(list, images, row, run, gradient),
                    (3, 4) => runs::<L, 3, 4>(list, images, row, run, gradient),
                    (3, 6) => runs::<L, 3, 6>(list, images, row, run, gradient),
                    (3, 8) => runs::<L, 3, 8>(list, images, row, run, gradient),
                    (2, 1) => runs::<L, 2, 1>(list, images, row, run, gradient),
                    (2, 2) => runs::<L, 2, 2>(list, images, row, run, gradient),
                    (2, 3) => runs::<L, 2, 3>(list, images, row, run, gradient),
                    (2, 4) => runs::<L, 2, 4>(list, images, row, run, gradient),
                    (2, 5) => runs::<L, 2, 5>(list, images, row, run, gradient),
                    (2, 6) => runs::<L, 2, 6>(list, images, row, run, gradient),
                    (2, 8) => runs::<L, 2, 8>(list, images, row, run, gradient),
                    (2, 10) => runs::<L, 2, 10>(list, images, row, run, gradient),
                    (2, 12) => runs::<L, 2, 12>(list, images, row, run, gradient),
                    _ => one_run::<L>(list, images, row, run, gradient),
                }
                first_row += together;
            }
        }
    }
}

/// One kernel row, in pieces that fit the registers.
///
/// # Safety
/// As [`runs`].
#[inline(always)]
unsafe fn one_run<L: Lanes>(list: &[Live], images: *const f32, row: usize, run: usize, gradient: *mut f32) {
    let mut done = 0;
    while done < run {
        // SAFETY: as the caller says; the pieces end where the run does.
        unsafe {
            let (images, gradient) = (images.add(done), gradient.add(done));
            let vectors = (run - done) / L::LEN;
            done += L::LEN
                * match vectors {
                    12.. => {
                        runs::<L, 1, 12>(list, images, row, run, gradient);
                        12
                    }
                    8.. => {
                        runs::<L, 1, 8>(list, images, row, run, gradient);
                        8
                    }
                    4.. => {
                        runs::<L, 1, 4>(list, images, row, run, gradient);
                        4
                    }
                    2.. => {
                        runs::<L, 1, 2>(list, images, row, run, gradient);
                        2
                    }
                    _ => {
                        runs::<L, 1, 1>(list, images, row, run, gradient);
                        1
                    }
                };
        }
    }
}

/// `R` kernel rows of `V` vectors each, in registers over the whole list.
///
/// # Safety
/// The fields of the list, and the gradient, have that many rows and vectors.
#[inline(always)]
unsafe fn runs<L: Lanes, const R: usize, const V: usize>(
    list: &[Live],
    images: *const f32,
    row: usize,
    run: usize,
    gradient: *mut f32,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut sums = [[L::splat(0.0); V]; R];
        for (y, sums) in sums.iter_mut().enumerate() {
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = L::load(gradient.add(y * run + v * L::LEN));
            }
        }
        for live in list {
            let field = images.add(live.offset as usize);
            let factor = L::splat(live.gradient);
            for (y, sums) in sums.iter_mut().enumerate() {
                for (v, sum) in sums.iter_mut().enumerate() {
                    *sum = sum.add_product(factor, L::load(field.add(y * row + v * L::LEN)));
                }
            }
        }
        for (y, sums) in sums.iter().enumerate() {
            for (v, sum) in sums.iter().enumerate() {
                sum.store(gradient.add(y * run + v * L::LEN));
            }
        }
    }
}

/// Adds the gradient of the input, for kernels of any size: of each filter, live output by live output, its gradient times
/// its weights, to where its field lies. Arguments as of [`sparse_weight_gradient`]; of a run `width` values count.
#[expect(clippy::too_many_arguments, reason = "a kernel")]
pub fn sparse_spread_gradient(
    isa: Isa,
    live: &LiveFilters,
    weights: &[f32],
    rows: usize,
    row: usize,
    run: usize,
    width: usize,
    gradient: &mut [f32],
) {
    live.check(rows, row, run, gradient, weights);
    assert!(width <= run, "more than the run");
    // SAFETY: every list is as long as its count, every field lies inside the images.
    unsafe { spread_gradient(isa, live, weights.as_ptr(), rows, row, run, width, gradient.as_mut_ptr()) }
}

for_each_isa! {
    /// # Safety
    /// What [`sparse_spread_gradient`] checks.
    #[expect(clippy::too_many_arguments, reason = "a kernel")]
    unsafe fn spread_gradient(
        live: &LiveFilters, weights: *const f32, rows: usize, row: usize, run: usize, width: usize, gradient: *mut f32,
    ) = spread_gradient_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// # Safety
/// What [`sparse_spread_gradient`] checks.
#[inline(always)]
unsafe fn spread_gradient_body<L: Lanes>(
    live: &LiveFilters,
    weights: *const f32,
    rows: usize,
    row: usize,
    run: usize,
    width: usize,
    gradient: *mut f32,
) {
    for filter in 0..live.counts.len() {
        // SAFETY: as the caller says.
        unsafe {
            let list = live.list(filter);
            for y in 0..rows {
                let weights = weights.add((filter * rows + y) * run);
                for live in list {
                    let field = gradient.add(live.offset as usize + y * row);
                    let factor = L::splat(live.gradient);
                    let mut done = 0;
                    while done + L::LEN <= width {
                        let sum = L::load(field.add(done));
                        sum.add_product(factor, L::load(weights.add(done))).store(field.add(done));
                        done += L::LEN;
                    }
                    if done < width {
                        // Padding times an infinite gradient would be NaN behind the field.
                        let left = width - done;
                        let sum = L::load_part(field.add(done), left);
                        sum.add_product(factor, L::load(weights.add(done))).store_part(field.add(done), left);
                    }
                }
            }
        }
    }
}
