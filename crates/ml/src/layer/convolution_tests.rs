//! Convolutions beside their definition, sum by sum in f64, over random shapes, and beside numbers that Keras gave.

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Initial, Layer};
use crate::kernel::Isa;
use crate::network::{Convolution, NetworkSpec, image};
use crate::train::{Chunk, Plan};

const SAMPLES: usize = 2;

struct Case {
    text: String,
    /// The convolution behind a layer that nobody runs, so that the gradient of its input is asked for.
    plan: Plan,
    convolution: Convolution,
    input: [usize; 3],
    output: [usize; 3],
}

impl Case {
    fn new(shape: &[usize], text: &str) -> Self {
        let network = NetworkSpec::parse(shape, &["relu".to_owned(), text.to_owned()]).unwrap();
        let input = image(&network.layers[1], shape).unwrap();
        let output = image(&network.layers[1], &network.shapes().unwrap()[1]).unwrap();
        let convolution = network.layers[1].convolution(input[2]).unwrap();
        let plan = Plan::plain(&network).unwrap();
        Self { text: format!("{text} over {shape:?}"), plan, convolution, input, output }
    }

    fn layer(&self) -> &dyn Layer {
        self.plan.layers()[1].as_ref()
    }

    /// Calls `visit(input, weight, output)` for each product of which the convolution consists, by its definition.
    fn each(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let Convolution { filters, window, groups } = self.convolution;
        let (channels, group_filters) = (self.input[2] / groups, filters / groups);
        let sides = [self.input[0], self.input[1]];
        let at = |axis: usize, place: usize, tap: usize| {
            let framed = place * window.stride[axis] + tap * window.dilation[axis];
            framed.checked_sub(window.zeros(axis, sides[axis])[0]).filter(|place| *place < sides[axis])
        };
        for y in 0..self.output[0] {
            for x in 0..self.output[1] {
                for tap_y in 0..window.size[0] {
                    for tap_x in 0..window.size[1] {
                        let (Some(row), Some(column)) = (at(0, y, tap_y), at(1, x, tap_x)) else { continue };
                        for filter in 0..filters {
                            for c in 0..channels {
                                let channel = filter / group_filters * channels + c;
                                visit(
                                    (row * sides[1] + column) * self.input[2] + channel,
                                    ((tap_y * window.size[1] + tap_x) * channels + c) * filters + filter,
                                    (y * self.output[1] + x) * filters + filter,
                                );
                            }
                        }
                    }
                }
            }
        }
    }

    fn forward(&self, isa: Isa, samples: usize, input: &[f32], parameters: &[f32]) -> Chunk {
        let mut chunk = self.plan.chunk(samples, true);
        chunk.values[1].copy_from_slice(input);
        chunk.values[2].fill(f32::NAN);
        self.plan.with_weights(parameters, true, |weights| self.plan.forward(isa, weights, &mut chunk, 1..2, None));
        chunk
    }

    /// After it `chunk.gradient` is that of the parameters, `chunk.grad` begins with that of the input.
    fn backward(&self, isa: Isa, chunk: &mut Chunk, parameters: &[f32], grad_output: &[f32]) {
        chunk.grad.fill(f32::NAN);
        chunk.grad[..grad_output.len()].copy_from_slice(grad_output);
        self.plan.with_weights(parameters, true, |weights| self.plan.backward(isa, weights, chunk, 1..2, None, None));
    }

    fn check(&self) {
        let (input_len, output_len) = (self.layer().input_len(), self.layer().output_len());
        let parameters = numbers(self.plan.parameter_count(), 3);
        let input = numbers(SAMPLES * input_len, 5);
        let grad_output = numbers(SAMPLES * output_len, 7);
        let (weights, bias) = parameters.split_at(parameters.len() - self.output[2]);

        let mut output: Vec<f64> =
            (0..SAMPLES * output_len).map(|place| f64::from(bias[place % self.output[2]])).collect();
        let mut gradient = vec![0.0_f64; parameters.len()];
        let mut grad_input = vec![0.0_f64; input.len()];
        for sample in 0..SAMPLES {
            self.each(|from, weight, to| {
                let (from, to) = (sample * input_len + from, sample * output_len + to);
                output[to] += f64::from(input[from]) * f64::from(weights[weight]);
                gradient[weight] += f64::from(input[from]) * f64::from(grad_output[to]);
                grad_input[from] += f64::from(weights[weight]) * f64::from(grad_output[to]);
            });
        }
        for (place, grad) in grad_output.iter().enumerate() {
            gradient[weights.len() + place % self.output[2]] += f64::from(*grad);
        }

        for isa in Isa::available() {
            let mut chunk = self.forward(isa, SAMPLES, &input, &parameters);
            self.same(isa, "output", &chunk.values[2], &output);
            self.backward(isa, &mut chunk, &parameters, &grad_output);
            self.same(isa, "gradient", &chunk.gradient, &gradient);
            self.same(isa, "input's gradient", &chunk.grad[..input.len()], &grad_input);
        }
    }

    fn same(&self, isa: Isa, what: &str, found: &[f32], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{}: {what}", self.text);
        for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
            let near = (f64::from(*found) - expected).abs() <= 1e-4 * expected.abs().max(1.0);
            assert!(near, "{} on {isa:?}: {what} {place} is {found}, not {expected}", self.text);
        }
    }
}

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut values = vec![0.0; count];
    // Between -1 and 1.
    Initial::Glorot.fill(&mut ChaCha8Rng::seed_from_u64(seed), 3, 3, &mut values);
    values
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_convolution_is_its_definition(
        (height, width) in (1_usize..10, 1_usize..10),
        (high, wide) in (1_usize..5, 1_usize..5),
        (down, across) in (1_usize..4, 1_usize..4),
        (dilation_down, dilation_across) in (1_usize..4, 1_usize..4),
        (groups, channels, filters) in (1_usize..4, 1_usize..4, 1_usize..4),
        depthwise: bool,
    ) {
        // What does not fit without padding is padded.
        let fits = (high - 1) * dilation_down < height && (wide - 1) * dilation_across < width;
        let padding = if fits && (height + width) % 2 == 0 { "valid" } else { "same" };
        let options = format!(
            "stride={down}x{across}, padding={padding}, dilation={dilation_down}x{dilation_across}"
        );
        let (channels, text) = if depthwise {
            (channels, format!("depthwise_conv2d({high}x{wide}, {options}, multiplier={filters})"))
        } else {
            (groups * channels, format!("conv2d({}, {high}x{wide}, {options}, groups={groups})", groups * filters))
        };
        Case::new(&[height, width, channels], &text).check();
    }

    #[test]
    fn any_convolution_along_steps_is_its_definition(
        steps in 1_usize..24,
        (size, stride, dilation) in (1_usize..6, 1_usize..4, 1_usize..4),
        (groups, channels, filters) in (1_usize..4, 1_usize..4, 1_usize..20),
        padding in 0_usize..3,
        depthwise: bool,
    ) {
        let fits = (size - 1) * dilation < steps;
        let padding = if fits { ["valid", "same", "causal"][padding] } else { ["same", "causal"][padding % 2] };
        let options = format!("stride={stride}, padding={padding}, dilation={dilation}");
        let (channels, text) = if depthwise {
            (channels, format!("depthwise_conv1d({size}, {options}, multiplier={filters})"))
        } else {
            (groups * channels, format!("conv1d({}, {size}, {options}, groups={groups})", groups * filters))
        };
        Case::new(&[steps, channels], &text).check();
    }
}

#[test]
fn a_depthwise_convolution_has_a_group_for_each_channel() {
    let (depthwise, grouped) = (
        Case::new(&[7, 6, 3], "depthwise_conv2d(3x2, multiplier=2)"),
        Case::new(&[7, 6, 3], "conv2d(6, 3x2, groups=3)"),
    );
    assert_eq!(depthwise.convolution, grouped.convolution);
    assert_eq!(depthwise.layer().parameters(), grouped.layer().parameters());
}

/// Keras 3 over TensorFlow, for inputs, kernels and biases of small whole numbers.
#[test]
fn outputs_as_keras_gives_them() {
    let pattern = |count: usize, modulus: usize, first: usize| -> Vec<f32> {
        (0..count).map(|place| ((place * 7 + first) % modulus) as f32 - (modulus / 2) as f32).collect()
    };
    let separate: &[i32] = &[
        4, -9, 11, -1, -5, 8, 1, 5, -10, 2, 1, -11, -6, 0, -2, -12, 0, -8, 6, -9, -1, 0, -10, 15, 12, -11, 2, -14, -6,
        -2, 4, -9, -12, 15, -12, 17, 3, -8, -5, 7, 9, -5, 2, -3, -9, 5, 9, -9,
    ];
    let cases: [(&[usize], &str, &[i32]); 6] = [
        (&[5, 4, 1], "conv2d(2, 2x3, stride=2, padding=same)", &[-7, -7, -5, -10, -8, -6, 15, -9, -6, -3, 7, 0]),
        (&[4, 3, 2], "conv2d(4, 2x3, padding=same, dilation=2, groups=2)", separate),
        (&[4, 3, 2], "depthwise_conv2d(2x3, padding=same, dilation=2, multiplier=2)", separate),
        (&[6, 2], "conv1d(2, 3, stride=2, padding=causal)", &[-3, -8, 4, -14, 9, -8]),
        (
            &[6, 2],
            "conv1d(4, 2, padding=same, dilation=3, groups=2)",
            &[1, -1, -2, 5, 12, -9, -3, -1, -7, 2, -6, -7, -4, 2, 2, 9, -5, 4, 1, -1, 3, -4, -5, -1],
        ),
        (&[8, 2], "depthwise_conv1d(4, stride=3, padding=same)", &[6, 1, -19, 4, 6, -6]),
    ];
    for (shape, text, expected) in cases {
        let case = Case::new(shape, text);
        let filters = case.output[2];
        let mut parameters = pattern(case.plan.parameter_count() - filters, 5, 1);
        parameters.extend(pattern(filters, 3, 0));
        let chunk = case.forward(Isa::detect(), 1, &pattern(case.layer().input_len(), 11, 0), &parameters);
        assert_eq!(chunk.values[2][..], expected.iter().map(|value| *value as f32).collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn zeros_around_an_image_keep_nan_to_its_windows() {
    let case = Case::new(&[5, 5, 2], "conv2d(3, 3x3, padding=same)");
    let parameters = numbers(case.plan.parameter_count(), 3);
    let mut input = numbers(case.layer().input_len(), 5);
    input[0] = f32::NAN;
    let chunk = case.forward(Isa::detect(), 1, &input, &parameters);
    for (place, values) in chunk.values[2].chunks_exact(3).enumerate() {
        let near = place / 5 < 2 && place % 5 < 2;
        assert!(values.iter().all(|value| value.is_nan() == near), "place {place}: {values:?}");
    }
}
