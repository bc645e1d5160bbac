//! Activations value by value, softmax, and the exponential function that they share.
//!
//! The bodies are plain loops over `f32`, which the compiler turns into vectors of each instruction set: it is told no
//! order of operations but that of the source, so every form gives the same bits. Functions are within 1e-6 of the exact
//! ones, relative to them, down to denormal results; NaN and infinity travel as in the definitions.

use super::Isa;
use super::lanes::{Lanes, for_each_isa};

/// A function of one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    Relu,
    /// With the slope below zero.
    Leaky(f32),
    Elu,
    Sigmoid,
    Tanh,
    /// The exact one, by the normal distribution.
    Gelu,
}

/// `output = curve(input)`, for equally long slices.
pub fn activate(isa: Isa, curve: Curve, input: &[f32], output: &mut [f32]) {
    assert_eq!(input.len(), output.len(), "an activation of another length");
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { activate_form(isa, curve, input, output) }
}

/// What an activation's gradient is made of; equally long slices.
#[derive(Debug, Clone, Copy)]
pub struct Activated<'a> {
    pub input: &'a [f32],
    /// The curve's values there.
    pub output: &'a [f32],
    pub grad_output: &'a [f32],
}

/// `grad_input = grad_output · curve'(input)`.
pub fn activate_gradient(isa: Isa, curve: Curve, values: &Activated<'_>, grad_input: &mut [f32]) {
    let len = grad_input.len();
    assert!(
        values.input.len() == len && values.output.len() == len && values.grad_output.len() == len,
        "an activation's gradient of another length"
    );
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { gradient_form(isa, curve, values, grad_input) }
}

/// Softmax of each row of `classes` values.
pub fn softmax(isa: Isa, classes: usize, input: &[f32], output: &mut [f32]) {
    assert!(
        classes > 0 && input.len() == output.len() && input.len().is_multiple_of(classes),
        "a softmax of another length"
    );
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { softmax_form(isa, classes, input, output) }
}

/// The gradient of a softmax's input, from its output and that one's gradient.
pub fn softmax_gradient(isa: Isa, classes: usize, output: &[f32], grad_output: &[f32], grad_input: &mut [f32]) {
    let len = output.len();
    assert!(
        classes > 0 && len.is_multiple_of(classes) && grad_output.len() == len && grad_input.len() == len,
        "a softmax's gradient of another length"
    );
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { softmax_gradient_form(isa, classes, output, grad_output, grad_input) }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn activate_form(curve: Curve, input: &[f32], output: &mut [f32]) = activate_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn gradient_form(curve: Curve, values: &Activated<'_>, grad_input: &mut [f32]) = gradient_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn softmax_form(classes: usize, input: &[f32], output: &mut [f32]) = softmax_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn softmax_gradient_form(
        classes: usize, output: &[f32], grad_output: &[f32], grad_input: &mut [f32],
    ) = softmax_gradient_body { Avx512: [], Avx2: [], Portable: [], }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn activate_body<L: Lanes>(curve: Curve, input: &[f32], output: &mut [f32]) {
    match curve {
        // `max` would turn NaN into zero.
        Curve::Relu => map(input, output, |x| if x < 0.0 { 0.0 } else { x }),
        Curve::Leaky(slope) => map(input, output, |x| if x < 0.0 { slope * x } else { x }),
        Curve::Elu => map(input, output, |x| if x < 0.0 { exp_m1_below_zero(x) } else { x }),
        Curve::Sigmoid => map(input, output, |x| {
            // Of the exponential that cannot overflow.
            let small = exp(-x.abs(), 0.0);
            (if x < 0.0 { small } else { 1.0 }) / (1.0 + small)
        }),
        Curve::Tanh => map(input, output, tanh),
        Curve::Gelu => map(input, output, |x| x * normal(x).0),
    }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn gradient_body<L: Lanes>(curve: Curve, values: &Activated<'_>, grad_input: &mut [f32]) {
    match curve {
        Curve::Relu => slopes(values, grad_input, |_, y, grad| keep(y > 0.0, grad)),
        Curve::Leaky(slope) => slopes(values, grad_input, |x, _, grad| grad * if x < 0.0 { slope } else { 1.0 }),
        Curve::Elu => slopes(values, grad_input, |x, y, grad| grad * if x < 0.0 { y + 1.0 } else { 1.0 }),
        Curve::Sigmoid => slopes(values, grad_input, |_, y, grad| grad * (y * (1.0 - y))),
        Curve::Tanh => slopes(values, grad_input, |_, y, grad| grad * (1.0 - y * y)),
        Curve::Gelu => slopes(values, grad_input, |x, _, grad| {
            let (below, density) = normal(x);
            grad * (below + x * density)
        }),
    }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn softmax_body<L: Lanes>(classes: usize, input: &[f32], output: &mut [f32]) {
    for (input, output) in input.chunks_exact(classes).zip(output.chunks_exact_mut(classes)) {
        let largest = input.iter().fold(f32::NEG_INFINITY, |best, value| if *value > best { *value } else { best });
        for (output, input) in output.iter_mut().zip(input) {
            *output = input - largest;
        }
    }
    // Of all rows at once: a row may be shorter than a vector.
    for value in output.iter_mut() {
        *value = exp(*value, 0.0);
    }
    for output in output.chunks_exact_mut(classes) {
        let sum = sum_of(output, |value| *value);
        for value in output {
            *value /= sum;
        }
    }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn softmax_gradient_body<L: Lanes>(classes: usize, output: &[f32], grad_output: &[f32], grad_input: &mut [f32]) {
    for ((out, y), grad) in grad_input.iter_mut().zip(output).zip(grad_output) {
        *out = y * grad;
    }
    let rows = output.chunks_exact(classes).zip(grad_output.chunks_exact(classes));
    for ((y, grad), out) in rows.zip(grad_input.chunks_exact_mut(classes)) {
        let dot = sum_of(out, |value| *value);
        for ((out, y), grad) in out.iter_mut().zip(y).zip(grad) {
            *out = y * (grad - dot);
        }
    }
}

/// In sixteen sums, whatever the instruction set, so that each gives the same.
#[inline(always)]
fn sum_of(values: &[f32], value: impl Fn(&f32) -> f32) -> f32 {
    let mut sums = [0.0_f32; 16];
    for chunk in values.chunks(16) {
        for (sum, item) in sums.iter_mut().zip(chunk) {
            *sum += value(item);
        }
    }
    sums.iter().sum()
}

#[inline(always)]
fn map(input: &[f32], output: &mut [f32], function: impl Fn(f32) -> f32) {
    for (output, input) in output.iter_mut().zip(input) {
        *output = function(*input);
    }
}

#[inline(always)]
fn slopes(values: &Activated<'_>, grad_input: &mut [f32], gradient: impl Fn(f32, f32, f32) -> f32) {
    let pairs = values.input.iter().zip(values.output);
    for ((out, grad), (x, y)) in grad_input.iter_mut().zip(values.grad_output).zip(pairs) {
        *out = gradient(*x, *y, *grad);
    }
}

/// A mask instead of a choice: the compiler would make a jump of that, mispredicted every other time.
#[inline(always)]
fn keep(condition: bool, value: f32) -> f32 {
    f32::from_bits(value.to_bits() & u32::from(condition).wrapping_neg())
}

/// 1.5 · 2²³: a small number added to it is rounded to a whole one, which its lowest bits then are.
const ROUND: f32 = 12_582_912.0;

/// The natural logarithm of two in two parts; the first has so few digits that its products with exponents are exact.
const LN_2_HIGH: f32 = 355.0 / 512.0;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// The whole number nearest to `x / ln 2`, as a value and as an integer.
#[inline(always)]
fn exponent(x: f32) -> (f32, i32) {
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    (rounded - ROUND, (rounded.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32))
}

/// `eʳ − 1` for |r| ≤ ln 2 / 2: a minimax polynomial, that of Cephes.
#[inline(always)]
fn exp_m1_near_zero(r: f32) -> f32 {
    let mut sum = 1.987_569_1e-4;
    for factor in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5] {
        sum = sum * r + factor;
    }
    sum * (r * r) + r
}

/// `2ⁿ` for exponents of normal numbers.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// `e` to the power `x + rest`, where `rest` holds digits for which `x` has no room.
#[inline(always)]
fn exp(x: f32, rest: f32) -> f32 {
    // Where the result is infinite or zero already; NaN passes both comparisons.
    let x = if x > 89.0 { 89.0 } else { x };
    let x = if x < -120.0 { -120.0 } else { x };
    let (n, power) = exponent(x + rest);
    let r = x - n * LN_2_HIGH - n * LN_2_LOW + rest;
    // In two factors, as either alone has room for; the second product rounds a denormal result once.
    let half = power >> 1;
    (1.0 + exp_m1_near_zero(r)) * power_of_two(half) * power_of_two(power.wrapping_sub(half))
}

/// `eˣ − 1` for `x ≤ 0`, without the loss of digits near zero.
#[inline(always)]
fn exp_m1_below_zero(x: f32) -> f32 {
    let x = if x < -30.0 { -30.0 } else { x };
    let (n, power) = exponent(x);
    let scale = power_of_two(power);
    scale * exp_m1_near_zero(x - n * LN_2_HIGH - n * LN_2_LOW) + (scale - 1.0)
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    let below = exp_m1_below_zero(-2.0 * x.abs());
    (-below / (2.0 + below)).copysign(x)
}

/// The normal distribution below `x`, and its density there. The tail is that of Numerical Recipes (2nd edition, §6.2),
/// whose error is 1.2e-7 of the tail.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let far = x.abs();
    // The tail there is zero.
    let far = if far > 16.0 { 16.0 } else { far };
    // −far²/2 in two parts, the first exact: of a rounded square the exponential function would be off by its rounding.
    let short = f32::from_bits(far.to_bits() & 0xFFFF_F000);
    let (square, rest) = (-0.5 * (short * short), -0.5 * (far - short) * (far + short));
    let t = 1.0 / (1.0 + 0.5 * std::f32::consts::FRAC_1_SQRT_2 * far);
    let mut sum = 0.170_872_77;
    for factor in
        [-0.822_152_23, 1.488_515_9, -1.135_204, 0.278_868_07, -0.186_288_06, 0.096_784_18, 0.374_091_96, 1.000_023_7]
    {
        sum = sum * t + factor;
    }
    let tail = 0.5 * t * exp(square, rest + (t * sum - 1.265_512_2));
    let density = 0.398_942_3 * exp(square, rest);
    (if x < 0.0 { tail } else { 1.0 - tail }, density)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What each curve is, in f64.
    fn exact(curve: Curve, x: f64) -> f64 {
        match curve {
            Curve::Relu => {
                if x < 0.0 {
                    0.0
                } else {
                    x
                }
            }
            Curve::Leaky(slope) => {
                if x < 0.0 {
                    f64::from(slope) * x
                } else {
                    x
                }
            }
            Curve::Elu => {
                if x < 0.0 {
                    x.exp_m1()
                } else {
                    x
                }
            }
            Curve::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Curve::Tanh => x.tanh(),
            Curve::Gelu => x * normal_exact(x),
        }
    }

    /// By the series of its integral near zero, by the continued fraction of its tail elsewhere.
    fn normal_exact(x: f64) -> f64 {
        let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
        if x.abs() < 2.5 {
            let (mut term, mut sum) = (x, x);
            for n in 1..120 {
                term *= x * x / f64::from(2 * n + 1);
                sum += term;
            }
            return 0.5 + density * sum;
        }
        let fraction = (1..200).rev().fold(x.abs(), |fraction, n| x.abs() + f64::from(n) / fraction);
        if x < 0.0 { density / fraction } else { 1.0 - density / fraction }
    }

    const CURVES: [Curve; 6] = [Curve::Relu, Curve::Leaky(0.3), Curve::Elu, Curve::Sigmoid, Curve::Tanh, Curve::Gelu];

    fn check(values: &[f32]) {
        for curve in CURVES {
            for isa in Isa::available() {
                let mut output = vec![0.0; values.len()];
                activate(isa, curve, values, &mut output);
                for (x, found) in values.iter().zip(output) {
                    let expected = exact(curve, f64::from(*x));
                    // Nor are a few of the smallest numbers an error: gelu multiplies a denormal by up to 15.
                    let near = (f64::from(found) - expected).abs() <= 1e-6 * expected.abs() + 2e-44;
                    let rounded = expected as f32;
                    let same = near || found == rounded || (found.is_nan() && rounded.is_nan());
                    assert!(same, "{curve:?} of {x:e} on {isa:?} is {found:e}, not {expected:e}");
                }
            }
        }
    }

    #[test]
    fn curves_are_exact_to_a_millionth() {
        let mut values: Vec<f32> = (-120_000..120_000).map(|step| step as f32 * 1e-3 + 3e-4).collect();
        values.extend((0..2000).map(|step| (step as f32 * 0.05 - 100.0).exp2()));
        values.extend((0..2000).map(|step| -(step as f32 * 0.05 - 100.0).exp2()));
        check(&values);
    }

    #[test]
    fn nan_infinity_zero_and_denormals_travel() {
        check(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e-45, -1e-45, 1e-39, -1e-39]);
        for isa in Isa::available() {
            for curve in CURVES.into_iter().filter(|curve| *curve != Curve::Sigmoid) {
                let mut output = [1.0; 2];
                activate(isa, curve, &[0.0, -0.0], &mut output);
                assert_eq!(output, [0.0, 0.0], "{curve:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_value(values in prop::collection::vec(any::<f32>(), 1..70)) {
            check(&values);
        }

        #[test]
        fn gradients_are_slopes(values in prop::collection::vec(-12.0_f32..12.0, 1..70), grad in -3.0_f32..3.0) {
            for curve in CURVES {
                for isa in Isa::available() {
                    let mut output = vec![0.0; values.len()];
                    activate(isa, curve, &values, &mut output);
                    let mut found = vec![f32::NAN; values.len()];
                    let grads = vec![grad; values.len()];
                    let activated = Activated { input: &values, output: &output, grad_output: &grads };
                    activate_gradient(isa, curve, &activated, &mut found);
                    for (x, found) in values.iter().zip(found) {
                        let x = f64::from(*x);
                        if x.abs() < 1e-4 {
                            continue;
                        }
                        let slope = (exact(curve, x + 1e-5) - exact(curve, x - 1e-5)) / 2e-5;
                        prop_assert!(
                            (f64::from(found) - f64::from(grad) * slope).abs() < 3e-6,
                            "{curve:?} at {x}, {isa:?}: {found}"
                        );
                    }
                }
            }
        }

        #[test]
        fn softmax_is_its_definition(
            rows in 1_usize..5,
            classes in 1_usize..40,
            values in prop::collection::vec(-30.0_f32..30.0, 5 * 40),
            hole in 0_usize..400,
        ) {
            let mut values = values[..rows * classes].to_vec();
            if let Some(value) = values.get_mut(hole) {
                *value = f32::NAN;
            }
            let grads: Vec<f32> = values.iter().map(|value| 0.3 * value.sin()).collect();
            let mut first = None;
            for isa in Isa::available() {
                let (mut found, mut grad) = (vec![0.0; values.len()], vec![0.0; values.len()]);
                softmax(isa, classes, &values, &mut found);
                softmax_gradient(isa, classes, &found, &grads, &mut grad);
                for ((row, found), (grads, grad)) in
                    values.chunks(classes).zip(found.chunks(classes)).zip(grads.chunks(classes).zip(grad.chunks(classes)))
                {
                    let sum: f64 = row.iter().map(|value| f64::from(*value).exp()).sum();
                    let y: Vec<f64> = row.iter().map(|value| f64::from(*value).exp() / sum).collect();
                    let dot: f64 = y.iter().zip(grads).map(|(y, grad)| y * f64::from(*grad)).sum();
                    for place in 0..classes {
                        let expected = y[place] * (f64::from(grads[place]) - dot);
                        prop_assert!(
                            if sum.is_nan() { found[place].is_nan() && grad[place].is_nan() } else {
                                (f64::from(found[place]) - y[place]).abs() < 1e-6
                                    && (f64::from(grad[place]) - expected).abs() < 1e-6
                            },
                            "{isa:?}: {} and {}", found[place], grad[place]
                        );
                    }
                }
                let bits: Vec<u32> = found.iter().chain(&grad).map(|value| value.to_bits()).collect();
                prop_assert!(*first.get_or_insert(bits.clone()) == bits || hole < values.len(), "{isa:?} differs");
            }
        }
    }
}
