//! Puts steps in the place of layers: the same results but for rounding, faster.

use std::ops::Range;

use crate::Error;
use crate::layer::pooled_conv::PooledConv;
use crate::layer::winograd_conv::WinogradConv;
use crate::layer::{self, Layer};
use crate::network::{Activation, LayerSpec, NetworkSpec, image_of};

type Step = (Range<usize>, Box<dyn Layer>);

const RELU: LayerSpec = LayerSpec::Activation(Activation::Relu);

/// The steps of a network, each with the layers that it stands for. `coarse`: as of [`WinogradConv::fuse`].
pub(super) fn fused(network: &NetworkSpec, coarse: bool) -> Result<Vec<Step>, Error> {
    let shapes = network.shapes()?;
    let mut steps: Vec<Step> = Vec::new();
    let mut plain = layer::build(network)?.into_iter().enumerate();
    while let Some((index, layer)) = plain.next() {
        let input = if index == 0 { &network.input_shape } else { &shapes[index - 1] };
        let rest = &network.layers[index..];
        let (output, inner) = (&shapes[index], index > 0);
        let step = pooled(rest, input, output, inner).or_else(|| winograd(rest, input, output, inner, coarse));
        match step {
            Some((count, step)) => {
                steps.push((index..index + count, step));
                for _ in 1..count {
                    plain.next();
                }
            }
            None => steps.push((index..index + 1, layer)),
        }
    }
    Ok(steps)
}

/// A convolution with a rectifier and a pool, in either order, or with a pool alone; and how many layers that is.
fn pooled(layers: &[LayerSpec], input: &[usize], output: &[usize], inner: bool) -> Option<(usize, Box<dyn Layer>)> {
    let convolution = layers.first()?.convolution(*input.last()?)?;
    let (count, pool, relu) = match &layers[1..] {
        [LayerSpec::MaxPool(pool), rest @ ..] if rest.first() == Some(&RELU) => (3, pool, true),
        [LayerSpec::MaxPool(pool), ..] => (2, pool, false),
        [first, LayerSpec::MaxPool(pool), ..] if *first == RELU => (3, pool, true),
        _ => return None,
    };
    let step = PooledConv::fuse(image_of(input)?, image_of(output)?, &convolution, pool, relu, inner)?;
    Some((count, Box::new(step)))
}

/// A convolution that Winograd's filtering serves, and its rectifier.
fn winograd(
    layers: &[LayerSpec],
    input: &[usize],
    output: &[usize],
    inner: bool,
    coarse: bool,
) -> Option<(usize, Box<dyn Layer>)> {
    let convolution = layers.first()?.convolution(*input.last()?)?;
    let relu = layers.get(1) == Some(&RELU);
    let step = WinogradConv::fuse(image_of(input)?, image_of(output)?, &convolution, relu, inner, coarse)?;
    Some((1 + usize::from(relu), Box::new(step)))
}
