//! Four lanes in an array, of which the compiler makes what its target has.

use super::Lanes;

#[derive(Clone, Copy)]
pub(in crate::kernel) struct Portable([f32; 4]);

impl Portable {
    #[inline(always)]
    fn with(self, other: Self, operation: impl Fn(f32, f32) -> f32) -> Self {
        let mut values = self.0;
        for (value, other) in values.iter_mut().zip(other.0) {
            *value = operation(*value, other);
        }
        Self(values)
    }
}

impl Lanes for Portable {
    const LEN: usize = 4;
    const SUMS: usize = 12;
    type Places = [u32; 4];

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: as the trait says; so in all that follows.
        unsafe { Self(from.cast::<[f32; 4]>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: see `load`.
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, width: usize) -> Self {
        let mut values = [0.0; 4];
        // One by one, as a copy of unknown length would be a call.
        for (lane, value) in values.iter_mut().enumerate() {
            if lane < width {
                // SAFETY: see `load`; lanes beyond the width are not touched.
                *value = unsafe { *from.add(lane) };
            }
        }
        Self(values)
    }

    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, width: usize) {
        for (lane, value) in self.0.into_iter().enumerate() {
            if lane < width {
                // SAFETY: see `load_part`.
                unsafe { *to.add(lane) = value };
            }
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    #[inline(always)]
    unsafe fn subtract(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    #[inline(always)]
    unsafe fn multiply(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }

    #[inline(always)]
    unsafe fn add_product(self, left: Self, right: Self) -> Self {
        self.with(left.with(right, |a, b| a * b), |sum, product| sum + product)
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        Self(self.0.map(|value| if value < 0.0 { 0.0 } else { value }))
    }

    #[inline(always)]
    unsafe fn largest_of_four(values: [Self; 4]) -> (Self, Self::Places) {
        let (mut largest, mut winner) = (values[0].0, [0; 4]);
        for (place, value) in values.into_iter().enumerate().skip(1) {
            for lane in 0..4 {
                let (new, old) = (value.0[lane], largest[lane]);
                // Larger, or NaN; but a NaN that leads stays.
                let better = (new > old) | (new.is_nan() & !old.is_nan());
                largest[lane] = if better { new } else { old };
                winner[lane] = if better { place as u32 } else { winner[lane] };
            }
        }
        (Self(largest), winner)
    }

    #[inline(always)]
    unsafe fn choose(self, places: Self::Places, other: Self, place: u32) -> (Self, Self::Places) {
        let (mut largest, mut winner) = (self.0, places);
        for lane in 0..4 {
            let (new, old) = (other.0[lane], largest[lane]);
            let better = (new > old) | (new.is_nan() & !old.is_nan());
            largest[lane] = if better { new } else { old };
            winner[lane] = if better { place } else { winner[lane] };
        }
        (Self(largest), winner)
    }

    #[inline(always)]
    unsafe fn store_places(places: Self::Places, to: *mut u32) {
        // SAFETY: see `load`.
        unsafe { to.cast::<[u32; 4]>().write_unaligned(places) }
    }

    #[inline(always)]
    unsafe fn load_places(from: *const u32) -> Self::Places {
        // SAFETY: see `load`.
        unsafe { from.cast::<[u32; 4]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn keep_where(self, places: Self::Places, place: u32) -> Self {
        let mut values = self.0;
        for (value, own) in values.iter_mut().zip(places) {
            *value = if own == place { *value } else { 0.0 };
        }
        Self(values)
    }

    #[inline(always)]
    unsafe fn keep_above_zero(self, other: Self) -> Self {
        self.with(other, |value, other| if other > 0.0 { value } else { 0.0 })
    }

    #[inline(always)]
    unsafe fn pick(self, places: Self::Places, place: u32, first: u32, values: *mut f32, lanes: *mut u32) -> usize {
        // SAFETY: see `load`; no more is written than there are lanes.
        unsafe { super::pick_one_by_one(&self.0, &places, place, first, values, lanes) }
    }

    #[inline(always)]
    unsafe fn transpose_square(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        for row in 0..4 {
            for column in 0..4 {
                // SAFETY: see `load`.
                unsafe { *to.add(column * to_row + row) = *from.add(row * from_row + column) };
            }
        }
    }
}
