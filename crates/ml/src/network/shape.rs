//! What comes out of a layer, by its input's shape.

use super::spec::{LayerSpec, Padding, shape_text};
use crate::Error;

/// More values than this behind one layer are taken for a mistake.
const VALUES_MAX: usize = 1 << 26;

pub(super) fn output_shape(layer: &LayerSpec, input: &[usize]) -> Result<Vec<usize>, Error> {
    let image = |name: &str| match input {
        [height, width, channels] => Ok([*height, *width, *channels]),
        _ => Err(misfit(name, input, "an image of [height, width, channels] is needed")),
    };
    let shape = match layer {
        LayerSpec::Activation(_) | LayerSpec::BatchNorm | LayerSpec::Dropout { .. } => input.to_vec(),
        LayerSpec::Conv2d { filters, kernel, stride, padding } => {
            let [height, width, _] = image("conv2d")?;
            let [height, width] = windows("conv2d", input, [height, width], *kernel, *stride, *padding)?;
            vec![height, width, *filters]
        }
        LayerSpec::MaxPool { window, stride, padding } | LayerSpec::AvgPool { window, stride, padding } => {
            let name = if matches!(layer, LayerSpec::MaxPool { .. }) { "maxpool" } else { "avgpool" };
            let [height, width, channels] = image(name)?;
            let [height, width] = windows(name, input, [height, width], *window, *stride, *padding)?;
            vec![height, width, channels]
        }
        LayerSpec::GlobalAvgPool => vec![image("globalavgpool")?[2]],
        LayerSpec::Flatten => vec![input.iter().product()],
        LayerSpec::Dense { units } => match input {
            [_] => vec![*units],
            _ => return Err(misfit("dense", input, "put flatten or globalavgpool before it")),
        },
    };
    match shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size)) {
        Some(values) if values <= VALUES_MAX => Ok(shape),
        _ => Err(Error::TooLarge(format!("a layer gives {} values a row", shape_text(&shape)))),
    }
}

fn windows(
    name: &str,
    input: &[usize],
    size: [usize; 2],
    window: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) -> Result<[usize; 2], Error> {
    let mut output = [0; 2];
    for axis in 0..2 {
        output[axis] = match padding {
            Padding::Same => size[axis].div_ceil(stride[axis]),
            Padding::Valid if size[axis] < window[axis] => {
                return Err(misfit(name, input, &format!("a window of {} is larger", shape_text(&window))));
            }
            Padding::Valid => (size[axis] - window[axis]) / stride[axis] + 1,
        };
    }
    Ok(output)
}

fn misfit(layer: &str, input: &[usize], reason: &str) -> Error {
    Error::DoesNotFit { layer: layer.to_owned(), input: shape_text(input), reason: reason.to_owned() }
}
