//! Who computes a model: mead's own kernels or ONNX Runtime.

use std::fmt;

use super::native;
use super::runtime::check_runtime;
use crate::Error;
use crate::kernel::Isa;
use crate::model::{Model, Own};
use crate::network::{Activation, LayerSpec, NetworkSpec};
use crate::train::Plan;

/// A dense layer with more weights, which no second-level cache holds, is read faster by ONNX Runtime.
const DENSE_WEIGHTS_MAX: usize = 1 << 20;

/// What a user asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Native kernels for models that mead trained, where they are the faster ones or ONNX Runtime is not there.
    #[default]
    Auto,
    /// Native kernels, or an error.
    Native,
    /// ONNX Runtime, or an error.
    OnnxRuntime,
}

/// Every name of an [`Engine`].
pub const ENGINE_NAMES: [&str; 3] = ["auto", "native", "onnxruntime"];

/// Who computes a model, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// `false`: ONNX Runtime.
    pub native: bool,
    pub reason: String,
}

impl fmt::Display for Choice {
    /// `native (…)` or `onnxruntime (…)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", if self.native { Engine::Native } else { Engine::OnnxRuntime }.name(), self.reason)
    }
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Engine::Auto => ENGINE_NAMES[0],
            Engine::Native => ENGINE_NAMES[1],
            Engine::OnnxRuntime => ENGINE_NAMES[2],
        }
    }

    /// The engine of one of [`ENGINE_NAMES`], in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Engine::Auto, Engine::Native, Engine::OnnxRuntime]
            .into_iter()
            .find(|engine| engine.name().eq_ignore_ascii_case(name))
    }

    /// Who computes `model`. An error if native kernels are asked for and cannot.
    pub fn choose(self, model: &Model) -> Result<Choice, Error> {
        Ok(self.settle(model)?.0)
    }

    /// The same, with what native kernels need if they are chosen.
    pub(super) fn settle(self, model: &Model) -> Result<(Choice, Option<(Own, Plan)>), Error> {
        let choice = |native, reason: String| Choice { native, reason };
        if self == Engine::OnnxRuntime {
            return Ok((choice(false, "as set".to_owned()), None));
        }
        let found = model.own().and_then(|own| native::plan(&own).map(|plan| (own, plan)));
        match (self, found) {
            (Engine::Native, Err(reason)) => Err(Error::NotNative(reason)),
            (Engine::Native, Ok(found)) => Ok((choice(true, "as set".to_owned()), Some(found))),
            (_, Err(reason)) => Ok((choice(false, reason), None)),
            (_, Ok(found)) => {
                let choice = decide(slower(&found.0.network, Isa::detect()), || check_runtime().is_ok());
                let found = Some(found).filter(|_| choice.native);
                Ok((choice, found))
            }
        }
    }
}

/// Between the two, for a model that native kernels can compute. `slower`: why they are the slower ones.
pub(super) fn decide(slower: Option<String>, runtime_is_there: impl FnOnce() -> bool) -> Choice {
    match slower {
        None => Choice { native: true, reason: "trained by mead".to_owned() },
        Some(reason) if runtime_is_there() => Choice { native: false, reason },
        Some(_) => Choice { native: true, reason: "ONNX Runtime is not available".to_owned() },
    }
}

/// Why ONNX Runtime is faster for a network; `None` where native kernels are, or as fast.
///
/// Measured with AVX-512, one thread, batches of 1, 32 and 1024 rows, in processor time, against ONNX Runtime 1.32: native
/// kernels do from 0.96 (dense layers alone, gaps, batch norms) to 2.5 times as many rows a second. For what is named here
/// they do less: 0.8 with an activation that is a series at each value of an image, 0.75 with convolutions of each channel
/// by itself, 0.4 with a large dense layer and one row.
pub(super) fn slower(network: &NetworkSpec, isa: Isa) -> Option<String> {
    if isa == Isa::Portable {
        return Some("this processor has no vectors that native kernels are written for".to_owned());
    }
    let shapes = network.shapes().unwrap_or_default();
    let inputs = std::iter::once(&network.input_shape).chain(&shapes);
    network.layers.iter().zip(inputs).find_map(|(layer, input)| {
        let channels = input.last().copied().unwrap_or(1);
        let depthwise = layer.convolution(channels).is_some_and(|found| found.groups > 1 && found.groups == channels);
        let reason = match layer {
            LayerSpec::Activation(Activation::Gelu | Activation::Sigmoid | Activation::Tanh) if input.len() > 1 => {
                format!("it is the faster one with {layer} over images")
            }
            LayerSpec::Dense { units } if units.saturating_mul(channels) > DENSE_WEIGHTS_MAX => {
                format!("it is the faster one with {layer} over {channels} values")
            }
            _ if depthwise => "it is the faster one with depthwise convolutions".to_owned(),
            _ => return None,
        };
        Some(reason)
    })
}
