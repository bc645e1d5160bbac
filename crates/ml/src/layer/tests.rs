//! Every layer's backward pass beside what its forward pass says: the change of the output when one parameter is moved a
//! little to either side. A layer behind another one is checked for the gradient of its input too, on every instruction
//! set that this processor has.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Step, batchnorm};
use crate::kernel::Isa;
use crate::network::NetworkSpec;
use crate::train::{Chunk, Plan};

/// Parameters are moved so far: f32 leaves about three digits of the difference, and few values cross a kink.
const MOVE: f32 = 1e-3;
const TOLERANCE: f64 = 2e-2;

/// Samples in the chunk: not a number that any kernel works on at a time.
const SAMPLES: usize = 3;

const STEP: Step = Step { seed: 3, step: 5, first_sample: 0, layer: 0 };

fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random_range(-1.0..1.0)).collect()
}

struct Check {
    plan: Plan,
    input: Vec<f32>,
    /// What each output counts in the sum whose gradient is checked.
    weights: Vec<f32>,
    isa: Isa,
}

impl Check {
    fn new(shape: &[usize], layers: &[&str], isa: Isa) -> Self {
        let layers: Vec<String> = layers.iter().map(|layer| (*layer).to_owned()).collect();
        let plan = Plan::for_training(&NetworkSpec::parse(shape, &layers).unwrap()).unwrap();
        let input = numbers(11, SAMPLES * shape.iter().product::<usize>());
        let weights = numbers(13, SAMPLES * plan.output_len());
        Self { plan, input, weights, isa }
    }

    fn chunk(&self) -> Chunk {
        let mut chunk = self.plan.chunk(SAMPLES, true);
        chunk.values[0].copy_from_slice(&self.input);
        chunk
    }

    /// Forward, with the statistics of a batch norm gathered as the trainer does; `parameters` keeps them.
    fn forward(&self, parameters: &mut [f32]) -> (Chunk, f64) {
        let mut chunk = self.chunk();
        for layer in 0..self.plan.layers().len() {
            if self.plan.meets(layer) {
                let own = &mut parameters[self.plan.range(layer)];
                let mut partial = batchnorm::Partial::default();
                partial.moments(self.isa, own.len() / batchnorm::PARTS, &chunk.values[layer]);
                batchnorm::statistics(std::iter::once(&partial), own);
            }
            self.plan.with_weights(parameters, true, |weights| {
                self.plan.forward(self.isa, weights, &mut chunk, layer..layer + 1, Some(STEP));
            });
        }
        let output = chunk.values[self.plan.layers().len()].iter().zip(&self.weights);
        let sum = output.map(|(value, weight)| f64::from(*value) * f64::from(*weight)).sum();
        (chunk, sum)
    }

    fn analytic(&self, parameters: &[f32]) -> Vec<f32> {
        let mut parameters = parameters.to_vec();
        let (mut chunk, _) = self.forward(&mut parameters);
        chunk.grad[..self.weights.len()].copy_from_slice(&self.weights);
        let layers = self.plan.layers().len();
        for layer in (0..layers).rev() {
            if self.plan.meets(layer) {
                let width = SAMPLES * self.plan.layers()[layer].input_len();
                let range = self.plan.range(layer);
                let own = &mut parameters[range.clone()];
                let mut partial = batchnorm::Partial::default();
                let (values, grads) = (&chunk.values[layer][..width], &chunk.grad[..width]);
                partial.gradients(self.isa, own, values, grads, &mut chunk.gradient[range]);
                batchnorm::gradient_means(std::iter::once(&partial), own);
            }
            self.plan.with_weights(&parameters, true, |weights| {
                self.plan.backward(self.isa, weights, &mut chunk, layer..layer + 1, Some(STEP), None);
            });
        }
        chunk.gradient.to_vec()
    }

    fn numeric(&self, parameters: &[f32], index: usize) -> f64 {
        let moved = |by: f32| {
            let mut parameters = parameters.to_vec();
            parameters[index] += by;
            self.forward(&mut parameters).1
        };
        (moved(MOVE) - moved(-MOVE)) / (2.0 * f64::from(MOVE))
    }

    /// The parameters that training moves: of a batch norm gamma and beta alone.
    fn trained(&self) -> Vec<usize> {
        let ranges = (0..self.plan.layers().len()).map(|layer| {
            let range = self.plan.range(layer);
            let len = if self.plan.meets(layer) { range.len() / 4 } else { range.len() };
            range.start..range.start + len
        });
        ranges.flatten().collect()
    }
}

fn check(shape: &[usize], layers: &[&str]) {
    for isa in Isa::available() {
        let check = Check::new(shape, layers, isa);
        let mut parameters = check.plan.initialize(17);
        // Biases begin at zero, where a mistake could hide.
        let noise = numbers(19, parameters.len());
        let trained = check.trained();
        for index in &trained {
            parameters[*index] += 0.1 * noise[*index];
        }
        let analytic = check.analytic(&parameters);
        let mut wrong = Vec::new();
        for index in &trained {
            let (found, expected) = (f64::from(analytic[*index]), check.numeric(&parameters, *index));
            if (found - expected).abs() > TOLERANCE * found.abs().max(expected.abs()).max(1.0) {
                wrong.push((*index, found, expected));
            }
        }
        // A value within `MOVE` of a kink (relu's zero, two maxima of a window) makes the difference meaningless.
        let allowed = 1 + trained.len() / 50;
        assert!(wrong.len() <= allowed, "{layers:?} on {isa:?}: parameter, analytic, numeric: {wrong:?}");
        assert!(trained.iter().any(|index| analytic[*index].abs() > 0.1), "{layers:?}: the gradient is nearly zero");
    }
}

#[test]
fn dense() {
    check(&[5], &["dense(19, tanh)", "dense(3)"]);
}

#[test]
fn conv2d_of_any_kernel_stride_and_padding() {
    for layer in [
        "conv2d(3, 3x3)",
        "conv2d(18, 2x3, stride=2)",
        "conv2d(3, 3x3, padding=same)",
        "conv2d(2, 5x5, stride=2, padding=same)",
        "conv2d(4, 1x1)",
        "conv2d(2, 2x2, stride=3)",
        "conv2d(3, 3x2, dilation=2x3)",
        "conv2d(18, 2x3, padding=same, dilation=3)",
        "conv2d(2, 2x2, stride=2x1, padding=same, dilation=1x3)",
        "conv2d(2, 2x2, stride=2, dilation=2)",
    ] {
        check(&[7, 6, 2], &["conv2d(3, 2x2, tanh)", layer]);
    }
}

#[test]
fn conv2d_in_groups() {
    for layer in [
        "conv2d(6, 3x3, groups=2)",
        "conv2d(4, 2x3, stride=2, padding=same, groups=4)",
        "conv2d(36, 2x2, dilation=2, groups=2)",
        "depthwise_conv2d(3x3)",
        "depthwise_conv2d(2x3, stride=2, padding=same, multiplier=3)",
        "depthwise_conv2d(3x2, padding=same, dilation=2, multiplier=2)",
    ] {
        check(&[7, 6, 2], &["conv2d(4, 2x2, tanh)", layer]);
    }
}

#[test]
fn conv1d_of_any_kernel_stride_and_padding() {
    for layer in [
        "conv1d(3, 3)",
        "conv1d(18, 4, stride=3)",
        "conv1d(3, 4, padding=same)",
        "conv1d(3, 3, stride=2, padding=causal)",
        "conv1d(3, 3, padding=causal, dilation=4)",
        "conv1d(8, 2, padding=same, dilation=3, groups=4)",
        "depthwise_conv1d(3, padding=causal, multiplier=2)",
    ] {
        check(&[15, 2], &["conv1d(4, 2, tanh)", layer]);
    }
}

#[test]
fn pools() {
    for layer in ["maxpool(2x2)", "maxpool(3x2, stride=1)", "maxpool(3x3, stride=2, padding=same)", "avgpool(2x2)"] {
        check(&[7, 6, 1], &["conv2d(3, 2x2)", layer]);
    }
    check(&[7, 6, 1], &["conv2d(3, 2x2)", "avgpool(3x3, stride=2, padding=same)"]);
    for layer in ["globalavgpool", "globalmaxpool"] {
        check(&[7, 6, 1], &["conv2d(3, 2x2)", layer]);
        check(&[11, 2], &["conv1d(3, 2)", layer]);
    }
}

#[test]
fn pools_along_steps() {
    for layer in ["maxpool1d(2)", "maxpool1d(3, stride=2, padding=same)", "avgpool1d(3, stride=1)"] {
        check(&[11, 2], &["conv1d(3, 2)", layer]);
    }
    check(&[11, 2], &["conv1d(3, 2)", "avgpool1d(4, stride=3, padding=same)"]);
}

#[test]
fn activations() {
    for layer in ["relu", "leaky_relu", "elu", "gelu", "sigmoid", "tanh", "softmax"] {
        check(&[6], &["dense(20)", layer]);
    }
}

#[test]
fn dropout_drops_the_same_values_both_ways() {
    check(&[6], &["dense(20, tanh)", "dropout(0.5)", "dense(2)"]);
}

#[test]
fn batch_norm_of_the_whole_batch() {
    check(&[6], &["dense(7, tanh)", "batchnorm", "tanh", "dense(2)"]);
    check(&[5, 5, 1], &["conv2d(3, 2x2)", "batchnorm", "flatten", "dense(2)"]);
    check(&[9, 2], &["conv1d(3, 2)", "batchnorm", "tanh", "flatten", "dense(2)"]);
}

#[test]
fn layers_along_steps_go_together() {
    check(
        &[14, 2],
        &[
            "conv1d(4, 3, gelu, padding=causal)",
            "batchnorm",
            "depthwise_conv1d(2, sigmoid)",
            "dropout(0.3)",
            "maxpool1d(2)",
            "softmax",
            "flatten",
            "dense(3)",
        ],
    );
}

#[test]
fn flatten_behind_a_convolution() {
    check(&[5, 5, 1], &["conv2d(3, 2x2, tanh)", "maxpool(2x2)", "flatten", "dense(4, tanh)", "dense(2, softmax)"]);
}
