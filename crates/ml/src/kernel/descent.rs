//! The last steps of a batch, element by element: gradients summed, parameters moved.

use super::Isa;
use super::lanes::{Lanes, for_each_isa};

/// `sum += part`, for equally long slices.
pub fn add_to(isa: Isa, part: &[f32], sum: &mut [f32]) {
    assert_eq!(part.len(), sum.len(), "sums of different lengths");
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { add_to_form(isa, part, sum) }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn add_to_form(part: &[f32], sum: &mut [f32]) = add_to_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn add_to_body<L: Lanes>(part: &[f32], sum: &mut [f32]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}

/// The constants of one step of Adam.
#[derive(Debug, Clone, Copy)]
pub struct Adam {
    /// The learning rate with the moments' bias corrected.
    pub rate: f32,
    /// One minus the decay of each moment.
    pub first: f32,
    pub second: f32,
    pub epsilon: f32,
}

/// One step of Adam (Kingma and Ba, 2015) against `scale · gradient`, for equally long slices.
pub fn adam(
    isa: Isa,
    adam: &Adam,
    scale: f32,
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    parameters: &mut [f32],
) {
    let len = parameters.len();
    assert!(gradient.len() == len && first.len() == len && second.len() == len, "moments of different lengths");
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { adam_form(isa, adam, scale, gradient, first, second, parameters) }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn adam_form(
        adam: &Adam, scale: f32, gradient: &[f32], first: &mut [f32], second: &mut [f32], parameters: &mut [f32],
    ) = adam_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn adam_body<L: Lanes>(
    adam: &Adam,
    scale: f32,
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    parameters: &mut [f32],
) {
    let moments = first.iter_mut().zip(second);
    for ((value, gradient), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
        let gradient = scale * gradient;
        *first += adam.first * (gradient - *first);
        *second += adam.second * (gradient * gradient - *second);
        *value -= adam.rate * *first / (second.sqrt() + adam.epsilon);
    }
}
