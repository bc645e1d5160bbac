//! Layers as a user would write them, so that they can be read again; activations are layers of their own.

use std::fmt;

use super::spec::{Convolution, LayerSpec};
use super::window::{Padding, Window};

impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            LayerSpec::AvgPool(window) | LayerSpec::MaxPool(window) => {
                write!(f, "({}{})", pair(window, &window.size), options(window, window.size))
            }
            LayerSpec::Conv(Convolution { filters, window, groups }) => {
                let groups = if *groups == 1 { String::new() } else { format!(", groups={groups}") };
                write!(f, "({filters}, {}{}{groups})", pair(window, &window.size), options(window, [1, 1]))
            }
            LayerSpec::Dense { units } => write!(f, "({units})"),
            LayerSpec::DepthwiseConv { multiplier, window } => {
                let multiplier = if *multiplier == 1 { String::new() } else { format!(", multiplier={multiplier}") };
                write!(f, "({}{}{multiplier})", pair(window, &window.size), options(window, [1, 1]))
            }
            LayerSpec::Dropout { rate } => write!(f, "({rate})"),
            LayerSpec::Activation(_)
            | LayerSpec::BatchNorm
            | LayerSpec::Flatten
            | LayerSpec::GlobalAvgPool
            | LayerSpec::GlobalMaxPool => Ok(()),
        }
    }
}

/// What differs from the default; `stride` is what the layer strides by if nothing is said.
fn options(window: &Window, stride: [usize; 2]) -> String {
    let mut text = String::new();
    if window.stride != stride {
        text += &format!(", stride={}", brief(window, &window.stride));
    }
    text += match window.padding {
        Padding::Valid => "",
        Padding::Same => ", padding=same",
        Padding::Causal => ", padding=causal",
    };
    if window.dilation != [1, 1] {
        text += &format!(", dilation={}", brief(window, &window.dilation));
    }
    text
}

/// `3x5`, or `5` along steps.
fn pair(window: &Window, values: &[usize; 2]) -> String {
    window.axes(values).iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}

/// `2` for two sides alike.
fn brief(window: &Window, values: &[usize; 2]) -> String {
    if values[0] == values[1] { values[0].to_string() } else { pair(window, values) }
}
