//! What comes out of a layer, by its input's shape.

use super::spec::{Convolution, LayerSpec, shape_text};
use super::window::{Rank, Window, image_of};
use crate::Error;

/// More values than this before or behind one layer are taken for a mistake.
const VALUES_MAX: usize = 1 << 26;
/// More weights than this in one kernel, too.
const WEIGHTS_MAX: usize = 1 << 28;

pub(super) fn output_shape(layer: &LayerSpec, input: &[usize]) -> Result<Vec<usize>, Error> {
    let shape = match layer {
        LayerSpec::Activation(_) | LayerSpec::BatchNorm | LayerSpec::Dropout { .. } => input.to_vec(),
        LayerSpec::AvgPool(window) | LayerSpec::MaxPool(window) => {
            let image = image(layer, input)?;
            windows(layer, input, window, image[2])?
        }
        LayerSpec::Conv(Convolution { window, .. }) | LayerSpec::DepthwiseConv { window, .. } => {
            let image = image(layer, input)?;
            let filters = filters(layer, input, image[2])?;
            let shape = windows(layer, input, window, filters)?;
            check_frame(window, image)?;
            shape
        }
        LayerSpec::Dense { units } => match input {
            [_] => vec![*units],
            _ => return Err(misfit(layer, input, "put flatten or globalavgpool before it")),
        },
        LayerSpec::Flatten => vec![input.iter().product()],
        LayerSpec::GlobalAvgPool | LayerSpec::GlobalMaxPool => vec![image(layer, input)?[2]],
    };
    match product(&shape) {
        Some(values) if values <= VALUES_MAX => Ok(shape),
        _ => Err(Error::TooLarge(format!("a layer gives {} values a row", shape_text(&shape)))),
    }
}

/// The image that a layer sees, if its input is one, or steps, as it needs.
pub fn image(layer: &LayerSpec, input: &[usize]) -> Result<[usize; 3], Error> {
    let rank = match layer {
        LayerSpec::AvgPool(window) | LayerSpec::MaxPool(window) => Some(window.rank),
        LayerSpec::Conv(Convolution { window, .. }) | LayerSpec::DepthwiseConv { window, .. } => Some(window.rank),
        _ => None,
    };
    let needed = match (rank, input) {
        (None | Some(Rank::One), [_, _]) | (None | Some(Rank::Two), [_, _, _]) => None,
        (None, _) => Some("an image of [height, width, channels] or steps of [steps, channels] are needed"),
        (Some(Rank::One), _) => Some("steps of [steps, channels] are needed"),
        (Some(Rank::Two), _) => Some("an image of [height, width, channels] is needed"),
    };
    match (needed, image_of(input)) {
        (None, Some(image)) => Ok(image),
        (needed, _) => Err(misfit(layer, input, needed.unwrap_or_default())),
    }
}

/// How many filters a convolution has, if channels and filters can be divided into its groups.
fn filters(layer: &LayerSpec, input: &[usize], channels: usize) -> Result<usize, Error> {
    let Some(Convolution { filters, window, groups }) = layer.convolution(channels) else { return Ok(channels) };
    for (count, what) in [(channels, "channels"), (filters, "filters")] {
        if count % groups != 0 {
            return Err(misfit(layer, input, &format!("{count} {what} cannot be divided into {groups} groups")));
        }
    }
    match product(&[window.size[0], window.size[1], channels / groups, filters]) {
        Some(weights) if weights <= WEIGHTS_MAX => Ok(filters),
        _ => Err(Error::TooLarge(format!("the kernel of a layer has more than {WEIGHTS_MAX} weights"))),
    }
}

/// The shape of what `window` gives, with `last` values at each place.
fn windows(layer: &LayerSpec, input: &[usize], window: &Window, last: usize) -> Result<Vec<usize>, Error> {
    let [height, width, _] = image(layer, input)?;
    let places = |axis, size| match window.output(axis, size) {
        Some(places) => Ok(places),
        None => Err(misfit(layer, input, &format!("a window of {} is larger", window.reach_text()))),
    };
    let mut shape = window.axes(&[places(0, height)?, places(1, width)?]).to_vec();
    shape.push(last);
    Ok(shape)
}

/// A convolution holds its input with all zeros around it.
fn check_frame(window: &Window, [height, width, channels]: [usize; 3]) -> Result<(), Error> {
    let framed = [window.framed(0, height), window.framed(1, width), channels];
    match product(&framed) {
        Some(values) if values <= VALUES_MAX => Ok(()),
        _ => Err(Error::TooLarge(format!("a layer pads its input to {} values a row", shape_text(&framed)))),
    }
}

fn product(sizes: &[usize]) -> Option<usize> {
    sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size))
}

fn misfit(layer: &LayerSpec, input: &[usize], reason: &str) -> Error {
    Error::DoesNotFit { layer: layer.name().to_owned(), input: shape_text(input), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::NetworkSpec;

    fn shapes(input: &[usize], layers: &[&str]) -> Result<Vec<Vec<usize>>, Error> {
        let layers: Vec<String> = layers.iter().map(|layer| (*layer).to_owned()).collect();
        NetworkSpec::parse(input, &layers)?.shapes()
    }

    #[test]
    fn shapes_as_keras_gives_them() {
        let layers =
            ["conv2d(6, 3x2, dilation=2, groups=2)", "depthwise_conv2d(3x3, multiplier=3, stride=2, padding=same)"];
        assert_eq!(shapes(&[9, 8, 4], &layers).unwrap(), [vec![5, 6, 6], vec![3, 3, 18]]);
        let layers = ["conv1d(6, 3, stride=2, padding=causal)", "depthwise_conv1d(2)", "maxpool1d(2)", "globalmaxpool"];
        assert_eq!(shapes(&[15, 4], &layers).unwrap(), [vec![8, 6], vec![7, 6], vec![3, 6], vec![6]]);
        let layers = ["avgpool1d(3, stride=2, padding=same)", "batchnorm", "relu", "flatten", "dense(2)"];
        assert_eq!(shapes(&[4, 3], &layers).unwrap()[..], [vec![2, 3], vec![2, 3], vec![2, 3], vec![6], vec![2]]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let cases: [(&[usize], &str, &str); 11] = [
            (
                &[8, 8, 4],
                "conv2d(6, 3x3, groups=3)",
                "'conv2d' does not fit its input of shape 8×8×4: 4 channels cannot be divided into 3 groups",
            ),
            (&[8, 4], "conv1d(6, 3, groups=3)", "'conv1d' does not fit its input of shape 8×4: 4 channels cannot be"),
            (&[8, 4], "conv2d(6, 3x3)", "an image of [height, width, channels] is needed"),
            (&[8, 4, 1], "conv1d(6, 3)", "steps of [steps, channels] are needed"),
            (&[8, 4, 1], "maxpool1d(2)", "'maxpool1d' does not fit its input of shape 8×4×1: steps of"),
            (&[8], "globalmaxpool", "an image of [height, width, channels] or steps of [steps, channels] are needed"),
            (&[8, 4], "conv1d(6, 3, dilation=4)", "a window of 9 is larger"),
            (&[4, 5, 1], "conv2d(6, 3x3, dilation=2)", "a window of 5×5 is larger"),
            (&[8, 4], "dense(3)", "put flatten or globalavgpool before it"),
            (&[8, 8, 64], "conv2d(1, 64x64, padding=same, dilation=4096)", "pads its input to"),
            (&[8, 8, 64], "conv2d(1000000, 4096x4096, padding=same)", "more than 268435456 weights"),
        ];
        for (input, layer, part) in cases {
            let error = shapes(input, &[layer]).unwrap_err().to_string();
            assert!(error.contains(part), "{layer}: {error}");
        }
    }
}
