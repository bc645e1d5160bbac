//! A fused plan gives what the plain one gives, but for rounding: outputs, gradients, the gradient of the data behind the
//! first layer.

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Chunk, Plan};
use crate::kernel::Isa;
use crate::layer::Step;
use crate::network::NetworkSpec;

fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

/// Sums of their products are exact: both forms find the same largest value in a window, also where two nearly are.
fn eighths(seed: u64, count: usize) -> Vec<f32> {
    numbers(seed, count).into_iter().map(|value| (8.0 * value).round() / 8.0).collect()
}

/// Output and gradient, in the layers' form, of one chunk.
fn run(plan: &Plan, isa: Isa, parameters: &[f32], samples: usize, input: &[f32], seed: u64) -> (Vec<f32>, Vec<f32>) {
    let layers = plan.layers().len();
    let mut chunk: Chunk = plan.chunk(samples, true);
    chunk.values[0].copy_from_slice(input);
    // What was there before must not matter.
    chunk.values[1..].iter_mut().for_each(|values| values.fill(f32::NAN));
    plan.with_weights(parameters, true, |weights| {
        plan.forward(isa, weights, &mut chunk, 0..layers, None);
        let grad = numbers(seed, samples * plan.output_len());
        chunk.grad.fill(f32::NAN);
        chunk.grad[..grad.len()].copy_from_slice(&grad);
        plan.backward(isa, weights, &mut chunk, 0..layers, None, None);
    });
    let gradient = plan.weights(&chunk.gradient).into_iter().flat_map(|tensor| tensor.values).collect();
    (chunk.values[layers].to_vec(), gradient)
}

fn check(shape: &[usize], layers: &[String], samples: usize, seed: u64) -> Result<(), TestCaseError> {
    let Ok(network) = NetworkSpec::parse(shape, layers) else { return Ok(()) };
    let (fused, plain) = (Plan::for_training(&network).unwrap(), Plan::plain(&network).unwrap());
    let steps = |plan: &Plan| format!("{:?}", plan.layers());
    prop_assert!(steps(&fused) != steps(&plain), "{layers:?} over {shape:?}: nothing is fused");
    let mut tensors = plain.weights(&plain.initialize(seed));
    for (index, tensor) in tensors.iter_mut().enumerate() {
        tensor.values = eighths(seed ^ index as u64, tensor.values.len());
        if tensor.name == "bias" {
            // No sum of products is near zero, where rounding would decide what a rectifier lets through.
            tensor.values.iter_mut().for_each(|value| *value += 1.0 / 128.0);
        }
    }
    let input = eighths(seed ^ 77, samples * network.input_width());
    for isa in Isa::available() {
        let (output, gradient) = run(&fused, isa, &fused.parameters_of(&tensors), samples, &input, seed);
        let (expected, expected_gradient) = run(&plain, isa, &plain.parameters_of(&tensors), samples, &input, seed);
        for (what, found, expected) in [("output", &output, &expected), ("gradient", &gradient, &expected_gradient)] {
            prop_assert_eq!(found.len(), expected.len());
            let size = expected.iter().fold(1.0_f32, |size, value| size.max(value.abs()));
            for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
                let off = (found - expected).abs();
                prop_assert!(
                    off <= 2e-5 * size,
                    "{layers:?} over {shape:?}, {isa:?}: {what} {at}: {found}, not {expected}"
                );
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn pooled_convolutions(
        height in 4_usize..20,
        width in 4_usize..20,
        channels in prop_oneof![Just(1_usize), Just(3), Just(16), Just(32), 1_usize..40],
        filters in prop_oneof![Just(16_usize), Just(64), 1_usize..70],
        kernel in prop_oneof![Just([3_usize, 3]), Just([5, 5]), [1_usize..6, 1_usize..6]],
        stride in prop_oneof![3 => Just(1_usize), 1 => 1_usize..4],
        same: bool,
        order in 0_usize..3,
        inner: bool,
        samples in 1_usize..10,
        seed: u64,
    ) {
        let padding = if same { "same" } else { "valid" };
        let [high, wide] = kernel;
        let conv = format!("conv2d({filters}, {high}x{wide}, stride={stride}, padding={padding})");
        let mut layers = vec![conv];
        let behind: &[&str] = [&["relu", "maxpool(2x2)"][..], &["maxpool(2x2)", "relu"], &["maxpool(2x2)"]][order];
        layers.extend(behind.iter().map(|layer| (*layer).to_owned()));
        // A layer with parameters before it, so that the gradient of its input is seen.
        if inner {
            layers.insert(0, format!("conv2d({channels}, 1x1)"));
        }
        check(&[height, width, channels], &layers, samples, seed)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn convolutions_by_winograd(
        height in 3_usize..20,
        width in 3_usize..20,
        channels in 1_usize..4,
        filters in 1_usize..4,
        same: bool,
        relu: bool,
        inner: bool,
        samples in 1_usize..10,
        seed: u64,
    ) {
        let (channels, filters) = (16 * channels, 16 * filters);
        let padding = if same { "same" } else { "valid" };
        let mut layers = vec![format!("conv2d({filters}, 3x3, padding={padding})")];
        if relu {
            layers.push("relu".to_owned());
        }
        if inner {
            layers.insert(0, format!("conv2d({channels}, 1x1, tanh)"));
        }
        check(&[height, width, channels], &layers, samples, seed)?;
    }
}

#[test]
fn dropout_drops_the_same_behind_a_fused_step() {
    let layers: Vec<String> = ["conv2d(16, 3x3, relu)", "maxpool(2x2)", "dropout(0.5)"].map(str::to_owned).into();
    let network = NetworkSpec::parse(&[10, 10, 16], &layers).unwrap();
    let step = Some(Step { seed: 3, step: 5, first_sample: 0, layer: 0 });
    let input = numbers(3, 4 * network.input_width());
    let outputs = [Plan::for_training(&network).unwrap(), Plan::plain(&network).unwrap()].map(|plan| {
        let mut chunk = plan.chunk(4, true);
        chunk.values[0].copy_from_slice(&input);
        let layers = 0..plan.layers().len();
        plan.with_weights(&plan.initialize(7), true, |weights| {
            plan.forward(Isa::detect(), weights, &mut chunk, layers, step);
        });
        chunk.values.pop().unwrap()
    });
    assert!(outputs[0].iter().any(|value| *value > 0.0));
    for (fused, plain) in outputs[0].iter().zip(&outputs[1][..]) {
        assert!((fused - plain).abs() < 1e-4, "{fused}, not {plain}");
    }
}

#[test]
fn nan_and_infinity_travel() {
    let layers: Vec<String> =
        ["conv2d(20, 3x3, relu)", "maxpool(2x2)", "conv2d(16, 3x3, relu)", "maxpool(2x2)"].map(str::to_owned).into();
    for channels in [1, 16] {
        let network = NetworkSpec::parse(&[12, 12, channels], &layers).unwrap();
        let (fused, plain) = (Plan::for_training(&network).unwrap(), Plan::plain(&network).unwrap());
        let tensors = plain.weights(&plain.initialize(5));
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut input = numbers(3, network.input_width());
            input[5 * 12 * channels + 6 * channels] = value;
            for isa in Isa::available() {
                let (output, _) = run(&fused, isa, &fused.parameters_of(&tensors), 1, &input, 9);
                let (expected, _) = run(&plain, isa, &plain.parameters_of(&tensors), 1, &input, 9);
                // Winograd's sums meet infinities of both signs where the definition has one: NaN for an infinity.
                for (found, expected) in output.iter().zip(&expected) {
                    let same = (found - expected).abs() < 1e-4 || (!found.is_finite() && !expected.is_finite());
                    assert!(same, "{isa:?}, {value}: {found}, not {expected}");
                }
            }
        }
    }
}
