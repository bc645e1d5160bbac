//! Vectors of each instruction set behind one trait, and the choice of the set that a kernel is compiled for.
//!
//! A kernel's body is one function, generic over [`Lanes`] and forced inline into a form for each instruction set; the
//! methods of `Lanes` are forced inline in turn, so that nothing is left of them but instructions. Every form is the same
//! source, so what is true of one is true of all.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::Avx512;
pub(super) use portable::Portable;

/// The lanes that every form divides: panels of weights are this wide.
pub(crate) const PANEL: usize = 16;

/// `count` rounded up to whole panels.
pub(crate) fn padded(count: usize) -> usize {
    count.next_multiple_of(PANEL)
}

/// A vector of `f32`.
///
/// # Safety
/// Every method may be called only where the processor has the instruction set; pointers must be good for `LEN` values,
/// with no more than the alignment of one.
pub(super) trait Lanes: Copy {
    const LEN: usize;
    /// Vectors that the registers hold, less those that a kernel needs beside its sums.
    const SUMS: usize;
    /// One whole number a lane.
    type Places: Copy;

    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// The first `width` lanes, the others zero.
    unsafe fn load_part(from: *const f32, width: usize) -> Self;
    /// The first `width` lanes alone; all, if there are no more.
    unsafe fn store_part(self, to: *mut f32, width: usize);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn subtract(self, other: Self) -> Self;
    unsafe fn multiply(self, other: Self) -> Self;
    /// `self + left · right`, rounded once where the instruction set can.
    unsafe fn add_product(self, left: Self, right: Self) -> Self;
    /// Zero below zero; NaN stays.
    unsafe fn relu(self) -> Self;
    /// The largest of four values in each lane and which of them it was, the first of equals; NaN counts as the largest.
    unsafe fn largest_of_four(values: [Self; 4]) -> (Self, Self::Places);
    /// In each lane `other` with `place` where it is larger, or NaN unless NaN was there before.
    unsafe fn choose(self, places: Self::Places, other: Self, place: u32) -> (Self, Self::Places);
    unsafe fn store_places(places: Self::Places, to: *mut u32);
    unsafe fn load_places(from: *const u32) -> Self::Places;
    /// Zero in lanes whose place is another.
    unsafe fn keep_where(self, places: Self::Places, place: u32) -> Self;
    /// Zero in lanes where `other` is not above zero.
    unsafe fn keep_above_zero(self, other: Self) -> Self;
    /// The values of lanes with that place that are not zero, one after the other, and their lanes counted from `first`; how
    /// many they are. All lanes may be written.
    unsafe fn pick(self, places: Self::Places, place: u32, first: u32, values: *mut f32, lanes: *mut u32) -> usize;
    /// The square of `LEN` rows that begins at `from`, as columns from `to` on.
    unsafe fn transpose_square(from: *const f32, from_row: usize, to: *mut f32, to_row: usize);
}

/// [`Lanes::pick`] where there is no instruction for it. Which lanes live is as good as random: no jump depends on it.
///
/// # Safety
/// As many values as there are lanes can be written.
#[inline(always)]
unsafe fn pick_one_by_one(
    own: &[f32],
    places: &[u32],
    place: u32,
    first: u32,
    values: *mut f32,
    lanes: *mut u32,
) -> usize {
    let mut count = 0;
    for (lane, (value, own_place)) in own.iter().zip(places).enumerate() {
        // SAFETY: as the caller says: the count is at most the lane's number.
        unsafe {
            *values.add(count) = *value;
            *lanes.add(count) = first + lane as u32;
        }
        count += usize::from((*value != 0.0) & (*own_place == place));
    }
    count
}

/// Defines `unsafe fn $name(isa, …)`, which runs `$body::<…>(…)` compiled for that instruction set, with the parameters
/// given for it. Panics if the processor lacks the instructions.
macro_rules! for_each_isa {
    (
        $(#[$note:meta])*
        $visibility:vis unsafe fn $name:ident($($argument:ident: $type:ty),* $(,)?) = $body:ident {
            Avx512: [$($avx512:tt)*], Avx2: [$($avx2:tt)*], Portable: [$($portable:tt)*],
        }
    ) => {
        $(#[$note])*
        $visibility unsafe fn $name(isa: $crate::kernel::Isa, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq")]
            unsafe fn avx512($($argument: $type),*) {
                // SAFETY: passed on.
                unsafe { $body::<$crate::kernel::lanes::Avx512, $($avx512)*>($($argument),*) }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($argument: $type),*) {
                // SAFETY: passed on.
                unsafe { $body::<$crate::kernel::lanes::Avx2, $($avx2)*>($($argument),*) }
            }
            unsafe fn portable($($argument: $type),*) {
                // SAFETY: passed on.
                unsafe { $body::<$crate::kernel::lanes::Portable, $($portable)*>($($argument),*) }
            }
            assert!(isa.is_available(), "this processor has no {isa:?}");
            // SAFETY: the caller vouches for the arguments; the processor has the instructions.
            unsafe {
                match isa {
                    #[cfg(target_arch = "x86_64")]
                    $crate::kernel::Isa::Avx512 => avx512($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    $crate::kernel::Isa::Avx2 => avx2($($argument),*),
                    _ => portable($($argument),*),
                }
            }
        }
    };
}
pub(super) use for_each_isa;
