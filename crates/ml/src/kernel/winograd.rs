//! Convolution by Winograd's minimal filtering F(2×2, 3×3): 16 products instead of 36 for four outputs.
//!
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. A tile is 2×2 outputs: where a 2×2
//! max-pool follows it is one pool window, so that the output's transform, bias, rectifier and pool are one pass. For 3×3
//! kernels of stride 1. The gradient of the weights is F(3×3, 2×2) over the same tiles and with the same products: each
//! tile's 2×2 gradients are the small kernel, the nine weights are what it gives.

use super::lanes::{Lanes, PANEL, for_each_isa};
use super::{Isa, Product, furthest, multiply, multiply_over};

/// Products of a tile.
pub const PRODUCTS: usize = 16;

/// Tiles that are transformed together: enough for the products to run at speed, few enough to stay in the cache.
pub const TILES: usize = 32;

/// From a product of a chunk of tiles to the next: planes whose distance is a power of two would fall upon the same lines of
/// the first cache, sixteen at a time.
fn plane(width: usize) -> usize {
    TILES * width + PANEL
}

/// Where a Winograd convolution finds its values. Offsets count values from the start of the images.
#[derive(Debug)]
pub struct Winograd<'a> {
    /// The first value of each tile's 4×4 field.
    pub tiles: &'a [usize],
    /// From a row of the image to the next.
    pub row: usize,
    /// Channels of the image: whole panels.
    pub channels: usize,
    /// Filters, padded to whole panels.
    pub filters: usize,
}

/// What becomes of the four outputs of each tile.
pub enum Outputs<'a> {
    /// Their largest and which it was: `[tile][filter]`, `[tile][filter, padded]`.
    Pooled { output: &'a mut [f32], winners: &'a mut [u32], filters: usize, relu: bool },
    /// All of them, `[place][filter]`: of each tile the first one's place, from a row of the output to the next, and, by a
    /// bit each, which of the four exist.
    Whole { output: &'a mut [f32], filters: usize, row: usize, places: &'a [(usize, u8)], relu: bool },
}

/// Values that [`winograd_forward`] needs to work in.
pub fn winograd_scratch(channels: usize, filters: usize) -> usize {
    PRODUCTS * (plane(channels) + plane(filters))
}

/// How a 3×3 kernel lies that is to be transformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelLayout {
    /// `[filter / 16][place][channel][filter % 16]`.
    Panels,
    /// `[place][channel][filter]`.
    Rows,
    /// The same, to be read from the last place to the first, as the gradient of the input wants it.
    Turned,
}

/// The kernel's transform `G g Gᵀ`, `[product][channel][filter]`.
pub fn winograd_weights(
    isa: Isa,
    layout: KernelLayout,
    channels: usize,
    filters: usize,
    kernel: &[f32],
    weights: &mut [f32],
) {
    let len = channels * filters;
    assert!(
        kernel.len() == 9 * len && weights.len() == PRODUCTS * len && filters.is_multiple_of(16),
        "a kernel does not fit its transform"
    );
    // SAFETY: the lengths are what the kernel relies on.
    unsafe { transform_weights(isa, layout, channels, filters, kernel.as_ptr(), weights.as_mut_ptr()) }
}

/// Convolves. `weights` from [`winograd_weights`], `bias` padded to whole panels.
pub fn winograd_forward(
    isa: Isa,
    shape: &Winograd<'_>,
    images: &[f32],
    weights: &[f32],
    bias: &[f32],
    scratch: &mut [f32],
    outputs: &mut Outputs<'_>,
) {
    let (channels, filters) = (shape.channels, shape.filters);
    let last = furthest(shape.tiles) + 3 * shape.row + 4 * channels;
    assert!(
        last <= images.len()
            && channels.is_multiple_of(16)
            && filters.is_multiple_of(16)
            && weights.len() == PRODUCTS * channels * filters
            && bias.len() == filters
            && scratch.len() >= winograd_scratch(channels, filters),
        "a convolution does not fit its slices"
    );
    outputs.check(shape);
    let (fields, products) = scratch.split_at_mut(PRODUCTS * plane(channels));
    for (number, tiles) in shape.tiles.chunks(TILES).enumerate() {
        // SAFETY: every tile's field lies inside the images, `fields` has room for all of a chunk.
        unsafe { transform_fields(isa, tiles, shape, images.as_ptr(), fields.as_mut_ptr()) };
        let product = Product::dense(tiles.len(), channels, filters);
        for index in 0..PRODUCTS {
            multiply_over(
                isa,
                &product,
                &fields[index * plane(channels)..],
                &weights[index * channels * filters..(index + 1) * channels * filters],
                &mut products[index * plane(filters)..],
            );
        }
        let first = number * TILES;
        let range = first..first + tiles.len();
        // SAFETY: `Outputs::check` has put every index inside its slice.
        unsafe { transform_outputs(isa, range, filters, products.as_ptr(), bias.as_ptr(), outputs) };
    }
}

impl Outputs<'_> {
    fn check(&self, shape: &Winograd<'_>) {
        let tiles = shape.tiles.len();
        let fits = match self {
            Outputs::Pooled { output, winners, filters, .. } => {
                *filters <= shape.filters && output.len() == tiles * filters && winners.len() == tiles * shape.filters
            }
            Outputs::Whole { output, filters, row, places, .. } => {
                let end = |(first, exist): &(usize, u8)| {
                    let (below, right) = (exist & 0b1100 != 0, exist & 0b1010 != 0);
                    first + *filters + if below { *row } else { 0 } + if right { *filters } else { 0 }
                };
                *filters <= shape.filters && places.len() == tiles && places.iter().all(|p| end(p) <= output.len())
            }
        };
        assert!(fits, "a convolution does not fit its outputs");
    }
}

for_each_isa! {
    /// # Safety
    /// `kernel` holds `9 · channels · filters` values, `weights` 16 for every 9 of them; `filters` is a multiple of 16.
    unsafe fn transform_weights(
        layout: KernelLayout, channels: usize, filters: usize, kernel: *const f32, weights: *mut f32,
    ) = transform_weights_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// As [`transform_weights`].
#[expect(clippy::needless_range_loop, reason = "columns of a matrix")]
#[inline(always)]
unsafe fn transform_weights_body<L: Lanes>(
    layout: KernelLayout,
    channels: usize,
    filters: usize,
    kernel: *const f32,
    weights: *mut f32,
) {
    let place_of = |place: usize, channel: usize, filter: usize| match layout {
        KernelLayout::Panels => (filter / 16 * 9 * channels + place * channels + channel) * 16 + filter % 16,
        KernelLayout::Rows => (place * channels + channel) * filters + filter,
        KernelLayout::Turned => ((8 - place) * channels + channel) * filters + filter,
    };
    let half = |values: L| unsafe { values.multiply(L::splat(0.5)) };
    for filter in (0..filters).step_by(L::LEN) {
        for channel in 0..channels {
            // SAFETY: as the caller says.
            unsafe {
                let mut rows = [[L::splat(0.0); 3]; 4];
                for x in 0..3 {
                    let place = |y: usize| L::load(kernel.add(place_of(y * 3 + x, channel, filter)));
                    let (first, middle, last) = (place(0), place(1), place(2));
                    let outer = first.add(last);
                    rows[0][x] = first;
                    rows[1][x] = half(outer.add(middle));
                    rows[2][x] = half(outer.subtract(middle));
                    rows[3][x] = last;
                }
                for (y, [first, middle, last]) in rows.into_iter().enumerate() {
                    let outer = first.add(last);
                    let values = [first, half(outer.add(middle)), half(outer.subtract(middle)), last];
                    for (x, value) in values.into_iter().enumerate() {
                        value.store(weights.add(((y * 4 + x) * channels + channel) * filters + filter));
                    }
                }
            }
        }
    }
}

for_each_isa! {
    /// `Bᵀ d B` of each tile: `fields`, `[product][tile][channel]`.
    ///
    /// # Safety
    /// Every tile's field lies inside `images`; `fields` has room for [`TILES`] tiles.
    unsafe fn transform_fields(tiles: &[usize], shape: &Winograd<'_>, images: *const f32, fields: *mut f32) = transform_fields_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// # Safety
/// As [`transform_fields`].
#[expect(clippy::needless_range_loop, reason = "columns of a matrix")]
#[inline(always)]
unsafe fn transform_fields_body<L: Lanes>(tiles: &[usize], shape: &Winograd<'_>, images: *const f32, fields: *mut f32) {
    let channels = shape.channels;
    for (tile, offset) in tiles.iter().enumerate() {
        for channel in (0..channels).step_by(L::LEN) {
            // SAFETY: as the caller says.
            unsafe {
                let field = images.add(offset + channel);
                let mut columns = [[L::splat(0.0); 4]; 4];
                for x in 0..4 {
                    let place = |y: usize| L::load(field.add(y * shape.row + x * channels));
                    let rows = [place(0), place(1), place(2), place(3)];
                    columns[0][x] = rows[0].subtract(rows[2]);
                    columns[1][x] = rows[1].add(rows[2]);
                    columns[2][x] = rows[2].subtract(rows[1]);
                    columns[3][x] = rows[1].subtract(rows[3]);
                }
                let to = fields.add(tile * channels + channel);
                let step = plane(channels);
                for (y, d) in columns.into_iter().enumerate() {
                    d[0].subtract(d[2]).store(to.add(y * 4 * step));
                    d[1].add(d[2]).store(to.add((y * 4 + 1) * step));
                    d[2].subtract(d[1]).store(to.add((y * 4 + 2) * step));
                    d[1].subtract(d[3]).store(to.add((y * 4 + 3) * step));
                }
            }
        }
    }
}

for_each_isa! {
    /// `Aᵀ m A` of each tile, and what follows.
    ///
    /// # Safety
    /// `products` holds [`TILES`] tiles of `filters`; what [`Outputs::check`] checks.
    unsafe fn transform_outputs(
        tiles: std::ops::Range<usize>, filters: usize, products: *const f32, bias: *const f32, outputs: &mut Outputs<'_>,
    ) = transform_outputs_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// As [`transform_outputs`].
#[expect(clippy::needless_range_loop, reason = "columns of a matrix")]
#[inline(always)]
unsafe fn transform_outputs_body<L: Lanes>(
    tiles: std::ops::Range<usize>,
    padded: usize,
    products: *const f32,
    bias: *const f32,
    outputs: &mut Outputs<'_>,
) {
    let step = plane(padded);
    for (index, tile) in tiles.enumerate() {
        for filter in (0..padded).step_by(L::LEN) {
            // SAFETY: as the caller says.
            unsafe {
                let from = products.add(index * padded + filter);
                let bias = L::load(bias.add(filter));
                let mut rows = [[L::splat(0.0); 4]; 2];
                for x in 0..4 {
                    let place = |y: usize| L::load(from.add((y * 4 + x) * step));
                    let (middle, last) = (place(1), place(2));
                    rows[0][x] = place(0).add(middle.add(last));
                    rows[1][x] = middle.subtract(last).subtract(place(3));
                }
                let ends =
                    |m: [L; 4]| [m[0].add(m[1]).add(m[2].add(bias)), m[1].subtract(m[2]).add(bias.subtract(m[3]))];
                let ([a, b], [c, d]) = (ends(rows[0]), ends(rows[1]));
                match outputs {
                    Outputs::Pooled { output, winners, filters, relu } => {
                        let (largest, winner) = L::largest_of_four([a, b, c, d]);
                        let largest = if *relu { largest.relu() } else { largest };
                        L::store_places(winner, winners.as_mut_ptr().add(tile * padded + filter));
                        if filter < *filters {
                            largest.store_part(output.as_mut_ptr().add(tile * *filters + filter), *filters - filter);
                        }
                    }
                    Outputs::Whole { output, filters, row, places, relu } => {
                        let (first, exist) = *places.get_unchecked(tile);
                        if filter >= *filters {
                            continue;
                        }
                        for (bit, values) in [a, b, c, d].into_iter().enumerate() {
                            if exist & (1 << bit) != 0 {
                                let values = if *relu { values.relu() } else { values };
                                let place = first + bit / 2 * *row + bit % 2 * *filters + filter;
                                values.store_part(output.as_mut_ptr().add(place), *filters - filter);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Where the gradient of the weights finds its values.
#[derive(Debug)]
pub struct WinogradGradient<'a> {
    /// As of the forward pass.
    pub forward: Winograd<'a>,
    /// Of each tile the first of its 2×2 gradients, which all exist (those beyond the output are zero).
    pub tiles: &'a [usize],
    /// From a row of the gradients to the next.
    pub row: usize,
}

/// Adds the gradient of the weights as products, `[product][channel][filter]`: see [`winograd_kernel_gradient`].
pub fn winograd_weight_gradient(
    isa: Isa,
    shape: &WinogradGradient<'_>,
    images: &[f32],
    gradients: &[f32],
    scratch: &mut [f32],
    weights: &mut [f32],
) {
    let (channels, filters) = (shape.forward.channels, shape.forward.filters);
    assert!(
        furthest(shape.forward.tiles) + 3 * shape.forward.row + 4 * channels <= images.len()
            && furthest(shape.tiles) + shape.row + 2 * filters <= gradients.len()
            && shape.tiles.len() == shape.forward.tiles.len()
            && channels.is_multiple_of(16)
            && filters.is_multiple_of(16)
            && weights.len() == PRODUCTS * channels * filters
            && scratch.len() >= winograd_scratch(channels, filters),
        "a gradient does not fit its slices"
    );
    let (fields, products) = scratch.split_at_mut(PRODUCTS * plane(channels));
    for (tiles, gradient_tiles) in shape.forward.tiles.chunks(TILES).zip(shape.tiles.chunks(TILES)) {
        // SAFETY: every tile lies inside its slice; the scratch has room for a chunk of tiles.
        unsafe {
            transform_fields(isa, tiles, &shape.forward, images.as_ptr(), fields.as_mut_ptr());
            let to = products.as_mut_ptr();
            transform_gradients(isa, gradient_tiles, shape.row, filters, gradients.as_ptr(), to);
        }
        let product = Product::transposed(tiles.len(), channels, filters);
        for index in 0..PRODUCTS {
            multiply(
                isa,
                &product,
                &fields[index * plane(channels)..],
                &products[index * plane(filters)..],
                &mut weights[index * channels * filters..(index + 1) * channels * filters],
            );
        }
    }
}

/// Adds to the gradient of a kernel, `[place][channel][filter]`, what its products come to.
pub fn winograd_kernel_gradient(isa: Isa, channels: usize, filters: usize, products: &[f32], kernel: &mut [f32]) {
    let len = channels * filters;
    assert!(products.len() == PRODUCTS * len && kernel.len() == 9 * len && len.is_multiple_of(16));
    // SAFETY: the lengths are what the kernel relies on.
    unsafe { transform_kernel_gradient(isa, len, products.as_ptr(), kernel.as_mut_ptr()) }
}

for_each_isa! {
    /// `G d Gᵀ` of each tile's 2×2 gradients: `[product][tile][filter]`.
    ///
    /// # Safety
    /// Every tile lies inside `gradients`; `to` has room for [`TILES`] tiles.
    unsafe fn transform_gradients(tiles: &[usize], row: usize, filters: usize, gradients: *const f32, to: *mut f32) = transform_gradients_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// # Safety
/// As [`transform_gradients`].
#[inline(always)]
unsafe fn transform_gradients_body<L: Lanes>(
    tiles: &[usize],
    row: usize,
    filters: usize,
    gradients: *const f32,
    to: *mut f32,
) {
    for (tile, offset) in tiles.iter().enumerate() {
        for filter in (0..filters).step_by(L::LEN) {
            // SAFETY: as the caller says.
            unsafe {
                let half = L::splat(0.5);
                let spread = |first: L, last: L| {
                    [first, first.add(last).multiply(half), first.subtract(last).multiply(half), last]
                };
                let from = gradients.add(offset + filter);
                let left = spread(L::load(from), L::load(from.add(row)));
                let right = spread(L::load(from.add(filters)), L::load(from.add(row + filters)));
                let to = to.add(tile * filters + filter);
                for y in 0..4 {
                    for (x, value) in spread(left[y], right[y]).into_iter().enumerate() {
                        value.store(to.add((y * 4 + x) * plane(filters)));
                    }
                }
            }
        }
    }
}

for_each_isa! {
    /// `Aᵀ m A`, three by three.
    ///
    /// # Safety
    /// `products` holds 16, `kernel` nine times `len` values, a multiple of 16.
    unsafe fn transform_kernel_gradient(len: usize, products: *const f32, kernel: *mut f32) = transform_kernel_gradient_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// # Safety
/// As [`transform_kernel_gradient`].
#[expect(clippy::needless_range_loop, reason = "columns of a matrix")]
#[inline(always)]
unsafe fn transform_kernel_gradient_body<L: Lanes>(len: usize, products: *const f32, kernel: *mut f32) {
    for at in (0..len).step_by(L::LEN) {
        // SAFETY: as the caller says.
        unsafe {
            let ends = |m: [L; 4]| {
                let middle = m[1].add(m[2]);
                [m[0].add(middle), m[1].subtract(m[2]), middle.subtract(m[3])]
            };
            let mut rows = [[L::splat(0.0); 4]; 3];
            for x in 0..4 {
                let product = |y: usize| L::load(products.add((y * 4 + x) * len + at));
                let [first, middle, last] = ends([product(0), product(1), product(2), product(3)]);
                (rows[0][x], rows[1][x], rows[2][x]) = (first, middle, last);
            }
            for (y, row) in rows.into_iter().enumerate() {
                for (x, value) in ends(row).into_iter().enumerate() {
                    let place = kernel.add((y * 3 + x) * len + at);
                    L::load(place).add(value).store(place);
                }
            }
        }
    }
}
