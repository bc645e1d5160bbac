//! Convolution by Winograd's minimal filtering: F(2×2, 3×3) takes 16 products instead of 36 for four outputs, F(4×4, 3×3)
//! 36 instead of 144 for sixteen, with rounding errors some ten times as large.
//!
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016. A tile is 2×2 or 4×4 outputs: where a
//! 2×2 max-pool follows a tile of 2×2 is one pool window, so that the output's transform, bias, rectifier and pool are one
//! pass. For 3×3 kernels of stride 1. The gradient of the weights is F(3×3, 2×2) or F(3×3, 4×4) over the same tiles and
//! with the same products: each tile's gradients are the small kernel, the nine weights are what it gives.

use super::lanes::{Lanes, PANEL, for_each_isa};
use super::{Isa, Product, furthest, multiply, multiply_over};

/// How many outputs a tile has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tile {
    /// 2×2, over a field of 4×4: transforms by additions and halves.
    Two,
    /// 4×4, over a field of 6×6.
    Four,
}

impl Tile {
    /// Outputs along a side.
    pub fn side(self) -> usize {
        match self {
            Tile::Two => 2,
            Tile::Four => 4,
        }
    }

    /// Values along a side of its field, which is that of its products too.
    fn field(self) -> usize {
        self.side() + 2
    }

    /// Products of a tile for a channel and a filter.
    pub fn products(self) -> usize {
        self.field() * self.field()
    }

    /// Tiles that are transformed together: enough for the products to run at speed, few enough to stay in the cache.
    fn together(self) -> usize {
        match self {
            Tile::Two => 32,
            Tile::Four => 24,
        }
    }

    /// From a product of a chunk of tiles to the next: planes whose distance is a power of two would fall upon the same
    /// lines of the first cache, sixteen at a time.
    fn plane(self, width: usize) -> usize {
        self.together() * width + PANEL
    }
}

/// Where a Winograd convolution finds its values. Offsets count values from the start of the images.
#[derive(Debug)]
pub struct Winograd<'a> {
    pub tile: Tile,
    /// The first value of each tile's field.
    pub tiles: &'a [usize],
    /// From a row of the image to the next.
    pub row: usize,
    /// Channels of the image: whole panels.
    pub channels: usize,
    /// Filters, padded to whole panels.
    pub filters: usize,
}

/// What becomes of the outputs of each tile.
pub enum Outputs<'a> {
    /// The largest of four and which it was: `[tile][filter]`, `[tile][filter, padded]`.
    Pooled { output: &'a mut [f32], winners: &'a mut [u32], filters: usize, relu: bool },
    /// All of them, `[place][filter]`: where those of each tile lie, and from a row of the output to the next.
    Whole { output: &'a mut [f32], filters: usize, row: usize, places: &'a [Place], relu: bool },
}

/// Where the outputs of a tile lie: the first of them, and how many rows and columns of them exist, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub first: usize,
    pub rows: u8,
    pub columns: u8,
}

/// Values that [`winograd_forward`] needs to work in.
pub fn winograd_scratch(tile: Tile, channels: usize, filters: usize) -> usize {
    tile.products() * (tile.plane(channels) + tile.plane(filters))
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
    tile: Tile,
    layout: KernelLayout,
    channels: usize,
    filters: usize,
    kernel: &[f32],
    weights: &mut [f32],
) {
    let len = channels * filters;
    assert!(
        kernel.len() == 9 * len && weights.len() == tile.products() * len && filters.is_multiple_of(16),
        "a kernel does not fit its transform"
    );
    let transform = match tile {
        Tile::Two => transform_weights_two,
        Tile::Four => transform_weights_four,
    };
    // SAFETY: the lengths are what the kernel relies on.
    unsafe { transform(isa, layout, channels, filters, kernel.as_ptr(), weights.as_mut_ptr()) }
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
    let (tile, channels, filters) = (shape.tile, shape.channels, shape.filters);
    let last = furthest(shape.tiles) + (tile.field() - 1) * shape.row + tile.field() * channels;
    assert!(
        last <= images.len()
            && channels.is_multiple_of(16)
            && filters.is_multiple_of(16)
            && weights.len() == tile.products() * channels * filters
            && bias.len() == filters
            && scratch.len() >= winograd_scratch(tile, channels, filters),
        "a convolution does not fit its slices"
    );
    outputs.check(shape);
    let (transform_fields, transform_outputs) = match tile {
        Tile::Two => (transform_fields_two as TransformFields, transform_outputs_two as TransformOutputs),
        Tile::Four => (transform_fields_four as TransformFields, transform_outputs_four as TransformOutputs),
    };
    let (fields, products) = scratch.split_at_mut(tile.products() * tile.plane(channels));
    for (number, tiles) in shape.tiles.chunks(tile.together()).enumerate() {
        // SAFETY: every tile's field lies inside the images, `fields` has room for all of a chunk.
        unsafe { transform_fields(isa, tiles, shape, images.as_ptr(), fields.as_mut_ptr()) };
        let product = Product::dense(tiles.len(), channels, filters);
        for index in 0..tile.products() {
            multiply_over(
                isa,
                &product,
                &fields[index * tile.plane(channels)..],
                &weights[index * channels * filters..(index + 1) * channels * filters],
                &mut products[index * tile.plane(filters)..],
            );
        }
        let first = number * tile.together();
        let range = first..first + tiles.len();
        // SAFETY: `Outputs::check` has put every index inside its slice.
        unsafe { transform_outputs(isa, range, filters, products.as_ptr(), bias.as_ptr(), outputs) };
    }
}

type TransformFields = unsafe fn(Isa, &[usize], &Winograd<'_>, *const f32, *mut f32);
type TransformOutputs = unsafe fn(Isa, std::ops::Range<usize>, usize, *const f32, *const f32, &mut Outputs<'_>);
type TransformGradients = unsafe fn(Isa, &[usize], usize, usize, *const f32, *mut f32);

impl Outputs<'_> {
    fn check(&self, shape: &Winograd<'_>) {
        let tiles = shape.tiles.len();
        let fits = match self {
            Outputs::Pooled { output, winners, filters, .. } => {
                shape.tile == Tile::Two
                    && *filters <= shape.filters
                    && output.len() == tiles * filters
                    && winners.len() == tiles * shape.filters
            }
            Outputs::Whole { output, filters, row, places, .. } => {
                let side = 1..=shape.tile.side();
                let inside = |place: &Place| {
                    let (rows, columns) = (usize::from(place.rows), usize::from(place.columns));
                    let last = place.first + rows.saturating_sub(1) * row + columns * filters;
                    side.contains(&rows) && side.contains(&columns) && last <= output.len()
                };
                *filters <= shape.filters && places.len() == tiles && places.iter().all(inside)
            }
        };
        assert!(fits, "a convolution does not fit its outputs");
    }
}

/// The transform of the field's values along one side: `Bᵀ d`.
///
/// # Safety
/// The processor has the instructions; so below.
#[inline(always)]
unsafe fn of_field<L: Lanes, const N: usize>(d: [L; N]) -> [L; N] {
    let mut to = d;
    // SAFETY: passed on.
    unsafe {
        if N == 4 {
            (to[0], to[1], to[2], to[3]) =
                (d[0].subtract(d[2]), d[1].add(d[2]), d[2].subtract(d[1]), d[1].subtract(d[3]));
        } else {
            let (minus_four, minus_five) = (L::splat(-4.0), L::splat(-5.0));
            let (even, odd) = (d[4].add_product(minus_four, d[2]), d[3].add_product(minus_four, d[1]));
            let (outer, inner) = (d[4].subtract(d[2]), d[3].subtract(d[1]));
            let inner = inner.add(inner);
            to[0] = d[4].add_product(minus_five, d[2]).add_product(L::splat(4.0), d[0]);
            (to[1], to[2]) = (even.add(odd), even.subtract(odd));
            (to[3], to[4]) = (outer.add(inner), outer.subtract(inner));
            to[5] = d[5].add_product(minus_five, d[3]).add_product(L::splat(4.0), d[1]);
        }
    }
    to
}

/// The transform of a kernel's `R` values along one side: `G g`.
///
/// # Safety
/// As [`of_field`].
#[inline(always)]
unsafe fn of_kernel<L: Lanes, const R: usize, const N: usize>(g: [L; R]) -> [L; N] {
    // SAFETY: passed on.
    unsafe {
        let zero = L::splat(0.0);
        let tap = |at: usize| if at < R { g[at] } else { zero };
        let mut to = [zero; N];
        (to[0], to[N - 1]) = (tap(0), g[R - 1]);
        // At the points 1 and -1, where a tap behind the last one counts as zero.
        let sides = |even: L, odd: L| (even.add(odd), even.subtract(odd));
        if N == 4 {
            let half = L::splat(0.5);
            let (plus, minus) = sides(tap(0).add(tap(2)), tap(1));
            (to[1], to[2]) = (plus.multiply(half), minus.multiply(half));
        } else {
            to[0] = tap(0).multiply(L::splat(0.25));
            let sixth = L::splat(-1.0 / 6.0);
            let (plus, minus) = sides(tap(0).add(tap(2)), tap(1).add(tap(3)));
            (to[1], to[2]) = (plus.multiply(sixth), minus.multiply(sixth));
            // At 2 and -2.
            let part = L::splat(1.0 / 24.0);
            let even = tap(0).add_product(L::splat(4.0), tap(2));
            let odd = tap(1).add(tap(1)).add_product(L::splat(8.0), tap(3));
            let (plus, minus) = sides(even, odd);
            (to[3], to[4]) = (plus.multiply(part), minus.multiply(part));
        }
        to
    }
}

/// `R` results of the products along one side: `Aᵀ m`.
///
/// # Safety
/// As [`of_field`].
#[inline(always)]
unsafe fn of_products<L: Lanes, const N: usize, const R: usize>(m: [L; N]) -> [L; R] {
    // SAFETY: passed on.
    unsafe {
        let mut to = [L::splat(0.0); R];
        let (sum, difference) = (m[1].add(m[2]), m[1].subtract(m[2]));
        if N == 4 {
            // The last product counts for the last result, with the sign that the field's transform gives it.
            (to[0], to[1]) = (m[0].add(sum), difference);
            if R == 3 {
                to[2] = sum;
            }
            to[R - 1] = to[R - 1].subtract(m[3]);
        } else {
            let (far, apart) = (m[3].add(m[4]), m[3].subtract(m[4]));
            let powers = [L::splat(2.0), L::splat(4.0), L::splat(8.0)];
            to[0] = m[0].add(sum).add(far);
            to[1] = difference.add_product(powers[0], apart);
            to[2] = sum.add_product(powers[1], far);
            if R == 4 {
                to[3] = difference.add_product(powers[2], apart);
            }
            to[R - 1] = to[R - 1].add(m[5]);
        }
        to
    }
}

for_each_isa! {
    /// # Safety
    /// `kernel` holds `9 · channels · filters` values, `weights` 16 for every 9 of them; `filters` is a multiple of 16.
    unsafe fn transform_weights_two(
        layout: KernelLayout, channels: usize, filters: usize, kernel: *const f32, weights: *mut f32,
    ) = transform_weights { Avx512: [4], Avx2: [4], Portable: [4], }
}

for_each_isa! {
    /// # Safety
    /// As [`transform_weights_two`], with 36 for every 9.
    unsafe fn transform_weights_four(
        layout: KernelLayout, channels: usize, filters: usize, kernel: *const f32, weights: *mut f32,
    ) = transform_weights { Avx512: [6], Avx2: [6], Portable: [6], }
}

/// # Safety
/// As [`transform_weights_two`].
#[expect(clippy::needless_range_loop, reason = "columns of a matrix")]
#[inline(always)]
unsafe fn transform_weights<L: Lanes, const N: usize>(
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
    for filter in (0..filters).step_by(L::LEN) {
        for channel in 0..channels {
            // SAFETY: as the caller says.
            unsafe {
                let mut rows = [[L::splat(0.0); 3]; N];
                for x in 0..3 {
                    let place = |y: usize| L::load(kernel.add(place_of(y * 3 + x, channel, filter)));
                    let column: [L; N] = of_kernel([place(0), place(1), place(2)]);
                    for y in 0..N {
                        rows[y][x] = column[y];
                    }
                }
                for (y, row) in rows.into_iter().enumerate() {
                    for (x, value) in of_kernel::<L, 3, N>(row).into_iter().enumerate() {
                        value.store(weights.add(((y * N + x) * channels + channel) * filters + filter));
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
    /// Every tile's field lies inside `images`; `fields` has room for as many tiles as are transformed together.
    unsafe fn transform_fields_two(
        tiles: &[usize], shape: &Winograd<'_>, images: *const f32, fields: *mut f32,
    ) = transform_fields { Avx512: [4], Avx2: [4], Portable: [4], }
}

for_each_isa! {
    /// # Safety
    /// As [`transform_fields_two`].
    unsafe fn transform_fields_four(
        tiles: &[usize], shape: &Winograd<'_>, images: *const f32, fields: *mut f32,
    ) = transform_fields { Avx512: [6], Avx2: [6], Portable: [6], }
}

/// # Safety
/// As [`transform_fields_two`].
#[expect(clippy::needless_range_loop, reason = "columns of a matrix")]
#[inline(always)]
unsafe fn transform_fields<L: Lanes, const N: usize>(
    tiles: &[usize],
    shape: &Winograd<'_>,
    images: *const f32,
    fields: *mut f32,
) {
    let channels = shape.channels;
    let step = shape.tile.plane(channels);
    for (tile, offset) in tiles.iter().enumerate() {
        for channel in (0..channels).step_by(L::LEN) {
            // SAFETY: as the caller says.
            unsafe {
                let field = images.add(offset + channel);
                let mut rows = [[L::splat(0.0); N]; N];
                for x in 0..N {
                    let mut column = [L::splat(0.0); N];
                    for (y, value) in column.iter_mut().enumerate() {
                        *value = L::load(field.add(y * shape.row + x * channels));
                    }
                    let column = of_field(column);
                    for y in 0..N {
                        rows[y][x] = column[y];
                    }
                }
                let to = fields.add(tile * channels + channel);
                for (y, row) in rows.into_iter().enumerate() {
                    for (x, value) in of_field(row).into_iter().enumerate() {
                        value.store(to.add((y * N + x) * step));
                    }
                }
            }
        }
    }
}

for_each_isa! {
    /// `Aᵀ m A` of each tile, and what follows.
    ///
    /// # Safety
    /// `products` holds as many tiles of `filters` as are transformed together; what [`Outputs::check`] checks.
    unsafe fn transform_outputs_two(
        tiles: std::ops::Range<usize>, filters: usize, products: *const f32, bias: *const f32, outputs: &mut Outputs<'_>,
    ) = transform_outputs { Avx512: [4, 2], Avx2: [4, 2], Portable: [4, 2], }
}

for_each_isa! {
    /// # Safety
    /// As [`transform_outputs_two`].
    unsafe fn transform_outputs_four(
        tiles: std::ops::Range<usize>, filters: usize, products: *const f32, bias: *const f32, outputs: &mut Outputs<'_>,
    ) = transform_outputs { Avx512: [6, 4], Avx2: [6, 4], Portable: [6, 4], }
}

/// # Safety
/// As [`transform_outputs_two`].
#[expect(clippy::needless_range_loop, reason = "columns of a matrix")]
#[inline(always)]
unsafe fn transform_outputs<L: Lanes, const N: usize, const M: usize>(
    tiles: std::ops::Range<usize>,
    padded: usize,
    products: *const f32,
    bias: *const f32,
    outputs: &mut Outputs<'_>,
) {
    let step = if N == 4 { Tile::Two } else { Tile::Four }.plane(padded);
    for (index, tile) in tiles.enumerate() {
        for filter in (0..padded).step_by(L::LEN) {
            // SAFETY: as the caller says.
            unsafe {
                let from = products.add(index * padded + filter);
                let bias = L::load(bias.add(filter));
                let mut rows = [[L::splat(0.0); N]; M];
                for x in 0..N {
                    let mut column = [L::splat(0.0); N];
                    for (y, value) in column.iter_mut().enumerate() {
                        *value = L::load(from.add((y * N + x) * step));
                    }
                    let column: [L; M] = of_products(column);
                    for y in 0..M {
                        rows[y][x] = column[y];
                    }
                }
                match outputs {
                    Outputs::Pooled { output, winners, filters, relu } => {
                        // Tiles of 2×2 alone are pooled.
                        let mut values = [bias; 4];
                        for (y, row) in rows.into_iter().take(2).enumerate() {
                            let row: [L; M] = of_products(row);
                            (values[2 * y], values[2 * y + 1]) = (bias.add(row[0]), bias.add(row[1]));
                        }
                        let (largest, winner) = L::largest_of_four(values);
                        let largest = if *relu { largest.relu() } else { largest };
                        L::store_places(winner, winners.as_mut_ptr().add(tile * padded + filter));
                        if filter < *filters {
                            largest.store_part(output.as_mut_ptr().add(tile * *filters + filter), *filters - filter);
                        }
                    }
                    Outputs::Whole { output, filters, row: below, places, relu } => {
                        let place = *places.get_unchecked(tile);
                        if filter >= *filters {
                            continue;
                        }
                        let first = output.as_mut_ptr().add(place.first + filter);
                        for (y, row) in rows.into_iter().enumerate().take(usize::from(place.rows)) {
                            let row: [L; M] = of_products(row);
                            for (x, value) in row.into_iter().enumerate().take(usize::from(place.columns)) {
                                let value = value.add(bias);
                                let value = if *relu { value.relu() } else { value };
                                value.store_part(first.add(y * *below + x * *filters), *filters - filter);
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
    /// Of each tile the first of its gradients, which all exist (those beyond the output are zero).
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
    let (tile, channels, filters) = (shape.forward.tile, shape.forward.channels, shape.forward.filters);
    assert!(
        furthest(shape.forward.tiles) + (tile.field() - 1) * shape.forward.row + tile.field() * channels
            <= images.len()
            && furthest(shape.tiles) + (tile.side() - 1) * shape.row + tile.side() * filters <= gradients.len()
            && shape.tiles.len() == shape.forward.tiles.len()
            && channels.is_multiple_of(16)
            && filters.is_multiple_of(16)
            && weights.len() == tile.products() * channels * filters
            && scratch.len() >= winograd_scratch(tile, channels, filters),
        "a gradient does not fit its slices"
    );
    let (transform_fields, transform_gradients) = match tile {
        Tile::Two => (transform_fields_two as TransformFields, transform_gradients_two as TransformGradients),
        Tile::Four => (transform_fields_four as TransformFields, transform_gradients_four as TransformGradients),
    };
    let (fields, products) = scratch.split_at_mut(tile.products() * tile.plane(channels));
    let together = tile.together();
    for (tiles, gradient_tiles) in shape.forward.tiles.chunks(together).zip(shape.tiles.chunks(together)) {
        // SAFETY: every tile lies inside its slice; the scratch has room for a chunk of tiles.
        unsafe {
            transform_fields(isa, tiles, &shape.forward, images.as_ptr(), fields.as_mut_ptr());
            let to = products.as_mut_ptr();
            transform_gradients(isa, gradient_tiles, shape.row, filters, gradients.as_ptr(), to);
        }
        let product = Product::transposed(tiles.len(), channels, filters);
        for index in 0..tile.products() {
            multiply(
                isa,
                &product,
                &fields[index * tile.plane(channels)..],
                &products[index * tile.plane(filters)..],
                &mut weights[index * channels * filters..(index + 1) * channels * filters],
            );
        }
    }
}

/// Adds to the gradient of a kernel, `[place][channel][filter]`, what its products come to.
pub fn winograd_kernel_gradient(
    isa: Isa,
    tile: Tile,
    channels: usize,
    filters: usize,
    products: &[f32],
    kernel: &mut [f32],
) {
    let len = channels * filters;
    assert!(products.len() == tile.products() * len && kernel.len() == 9 * len && len.is_multiple_of(16));
    let transform = match tile {
        Tile::Two => transform_kernel_gradient_two,
        Tile::Four => transform_kernel_gradient_four,
    };
    // SAFETY: the lengths are what the kernel relies on.
    unsafe { transform(isa, len, products.as_ptr(), kernel.as_mut_ptr()) }
}

for_each_isa! {
    /// `G d Gᵀ` of each tile's gradients: `[product][tile][filter]`.
    ///
    /// # Safety
    /// Every tile lies inside `gradients`; `to` has room for as many tiles as are transformed together.
    unsafe fn transform_gradients_two(
        tiles: &[usize], row: usize, filters: usize, gradients: *const f32, to: *mut f32,
    ) = transform_gradients { Avx512: [4, 2], Avx2: [4, 2], Portable: [4, 2], }
}

for_each_isa! {
    /// # Safety
    /// As [`transform_gradients_two`].
    unsafe fn transform_gradients_four(
        tiles: &[usize], row: usize, filters: usize, gradients: *const f32, to: *mut f32,
    ) = transform_gradients { Avx512: [6, 4], Avx2: [6, 4], Portable: [6, 4], }
}

/// # Safety
/// As [`transform_gradients_two`].
#[expect(clippy::needless_range_loop, reason = "columns of a matrix")]
#[inline(always)]
unsafe fn transform_gradients<L: Lanes, const N: usize, const M: usize>(
    tiles: &[usize],
    row: usize,
    filters: usize,
    gradients: *const f32,
    to: *mut f32,
) {
    let step = if N == 4 { Tile::Two } else { Tile::Four }.plane(filters);
    for (tile, offset) in tiles.iter().enumerate() {
        for filter in (0..filters).step_by(L::LEN) {
            // SAFETY: as the caller says.
            unsafe {
                let from = gradients.add(offset + filter);
                let mut rows = [[L::splat(0.0); M]; N];
                for x in 0..M {
                    let mut column = [L::splat(0.0); M];
                    for (y, value) in column.iter_mut().enumerate() {
                        *value = L::load(from.add(y * row + x * filters));
                    }
                    let column: [L; N] = of_kernel(column);
                    for y in 0..N {
                        rows[y][x] = column[y];
                    }
                }
                let to = to.add(tile * filters + filter);
                for (y, row) in rows.into_iter().enumerate() {
                    for (x, value) in of_kernel::<L, M, N>(row).into_iter().enumerate() {
                        value.store(to.add((y * N + x) * step));
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
    unsafe fn transform_kernel_gradient_two(len: usize, products: *const f32, kernel: *mut f32) = transform_kernel_gradient {
        Avx512: [4], Avx2: [4], Portable: [4],
    }
}

for_each_isa! {
    /// # Safety
    /// As [`transform_kernel_gradient_two`], with 36 times `len` products.
    unsafe fn transform_kernel_gradient_four(len: usize, products: *const f32, kernel: *mut f32) = transform_kernel_gradient {
        Avx512: [6], Avx2: [6], Portable: [6],
    }
}

/// # Safety
/// As [`transform_kernel_gradient_two`].
#[expect(clippy::needless_range_loop, reason = "columns of a matrix")]
#[inline(always)]
unsafe fn transform_kernel_gradient<L: Lanes, const N: usize>(len: usize, products: *const f32, kernel: *mut f32) {
    for at in (0..len).step_by(L::LEN) {
        // SAFETY: as the caller says.
        unsafe {
            let mut rows = [[L::splat(0.0); N]; 3];
            for x in 0..N {
                let mut column = [L::splat(0.0); N];
                for (y, value) in column.iter_mut().enumerate() {
                    *value = L::load(products.add((y * N + x) * len + at));
                }
                let column: [L; 3] = of_products(column);
                for y in 0..3 {
                    rows[y][x] = column[y];
                }
            }
            for (y, row) in rows.into_iter().enumerate() {
                for (x, value) in of_products::<L, N, 3>(row).into_iter().enumerate() {
                    let place = kernel.add((y * 3 + x) * len + at);
                    L::load(place).add(value).store(place);
                }
            }
        }
    }
}
