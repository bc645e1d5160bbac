//! Puts steps in the place of layers: the same results but for rounding, faster.

use std::ops::Range;

use crate::Error;
use crate::layer::pooled_conv::PooledConv;
use crate::layer::{self, Layer};
use crate::network::{Activation, LayerSpec, NetworkSpec, image_of};

type Step = (Range<usize>, Box<dyn Layer>);

/// The steps of a network, each with the layers that it stands for.
pub(super) fn fused(network: &NetworkSpec) -> Result<Vec<Step>, Error> {
    let shapes = network.shapes()?;
    let mut steps: Vec<Step> = Vec::new();
    let mut plain = layer::build(network)?.into_iter().enumerate();
    while let Some((index, layer)) = plain.next() {
        let input = if index == 0 { &network.input_shape } else { &shapes[index - 1] };
        match pooled(&network.layers[index..], input, &shapes[index], index > 0) {
            Some((count, step)) => {
                steps.push((index..index + count, Box::new(step)));
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
fn pooled(layers: &[LayerSpec], input: &[usize], output: &[usize], inner: bool) -> Option<(usize, PooledConv)> {
    const RELU: LayerSpec = LayerSpec::Activation(Activation::Relu);
    let convolution = layers.first()?.convolution(*input.last()?)?;
    let (count, pool, relu) = match &layers[1..] {
        [LayerSpec::MaxPool(pool), rest @ ..] if rest.first() == Some(&RELU) => (3, pool, true),
        [LayerSpec::MaxPool(pool), ..] => (2, pool, false),
        [first, LayerSpec::MaxPool(pool), ..] if *first == RELU => (3, pool, true),
        _ => return None,
    };
    let step = PooledConv::fuse(image_of(input)?, image_of(output)?, &convolution, pool, relu, inner)?;
    Some((count, step))
}
