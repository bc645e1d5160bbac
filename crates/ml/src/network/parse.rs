//! Layer strings: `name(arguments, activation, option=value)`.

use super::spec::{Activation, Convolution, LayerSpec};
use super::window::{Padding, Rank, Window};
use crate::Error;

/// Every name a layer string can begin with, in alphabetical order.
pub const LAYER_NAMES: [&str; 21] = [
    "avgpool",
    "avgpool1d",
    "batchnorm",
    "conv1d",
    "conv2d",
    "dense",
    "depthwise_conv1d",
    "depthwise_conv2d",
    "dropout",
    "elu",
    "flatten",
    "gelu",
    "globalavgpool",
    "globalmaxpool",
    "leaky_relu",
    "maxpool",
    "maxpool1d",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
];

/// One layer string, and the activation it may carry.
pub(super) fn layer(text: &str) -> Result<Vec<LayerSpec>, Error> {
    let mut call = Call::parse(text)?;
    let layer = match call.name.as_str() {
        "avgpool" => LayerSpec::AvgPool(call.pool(Rank::Two)?),
        "avgpool1d" => LayerSpec::AvgPool(call.pool(Rank::One)?),
        "batchnorm" => LayerSpec::BatchNorm,
        "conv1d" => LayerSpec::Conv(call.convolution(Rank::One)?),
        "conv2d" => LayerSpec::Conv(call.convolution(Rank::Two)?),
        "dense" => LayerSpec::Dense { units: call.size("the number of units")? },
        "depthwise_conv1d" => call.depthwise(Rank::One)?,
        "depthwise_conv2d" => call.depthwise(Rank::Two)?,
        "dropout" => LayerSpec::Dropout { rate: call.rate()? },
        "flatten" => LayerSpec::Flatten,
        "globalavgpool" => LayerSpec::GlobalAvgPool,
        "globalmaxpool" => LayerSpec::GlobalMaxPool,
        "maxpool" => LayerSpec::MaxPool(call.pool(Rank::Two)?),
        "maxpool1d" => LayerSpec::MaxPool(call.pool(Rank::One)?),
        name => match activation(name) {
            Some(activation) => LayerSpec::Activation(activation),
            None => return Err(Error::UnknownLayer { name: name.to_owned(), text: text.to_owned() }),
        },
    };
    let takes_activation =
        matches!(layer, LayerSpec::Conv(_) | LayerSpec::Dense { .. } | LayerSpec::DepthwiseConv { .. });
    let mut layers = vec![layer];
    if takes_activation && let Some(name) = call.next_argument() {
        match activation(&name) {
            Some(activation) => layers.push(LayerSpec::Activation(activation)),
            None if name == "linear" => {}
            None => return Err(call.invalid(format!("\"{name}\" is not an activation"))),
        }
    }
    call.finish()?;
    Ok(layers)
}

fn activation(name: &str) -> Option<Activation> {
    Some(match name {
        "elu" => Activation::Elu,
        "gelu" => Activation::Gelu,
        "leaky_relu" => Activation::LeakyRelu,
        "relu" => Activation::Relu,
        "sigmoid" => Activation::Sigmoid,
        "softmax" => Activation::Softmax,
        "tanh" => Activation::Tanh,
        _ => return None,
    })
}

/// A layer string taken apart.
struct Call {
    text: String,
    name: String,
    arguments: std::vec::IntoIter<String>,
    options: Vec<(String, String)>,
}

impl Call {
    fn parse(text: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::InvalidLayer { text: text.to_owned(), reason: reason.to_owned() };
        let lower = text.trim().to_lowercase();
        let (name, inside) = match lower.split_once('(') {
            Some((name, rest)) => {
                let inside = rest.strip_suffix(')').ok_or_else(|| invalid("the closing parenthesis is missing"))?;
                (name.trim().to_owned(), inside.to_owned())
            }
            None => (lower.clone(), String::new()),
        };
        let mut arguments = Vec::new();
        let mut options: Vec<(String, String)> = Vec::new();
        for part in inside.split(',').map(str::trim).filter(|_| !inside.trim().is_empty()) {
            match part.split_once('=') {
                Some((key, _)) if options.iter().any(|(known, _)| known == key.trim()) => {
                    return Err(invalid(&format!("option \"{}\" is given twice", key.trim())));
                }
                Some((key, value)) => options.push((key.trim().to_owned(), value.trim().to_owned())),
                None if part.is_empty() => return Err(invalid("an argument is empty")),
                None if !options.is_empty() => return Err(invalid("arguments come before options")),
                None => arguments.push(part.to_owned()),
            }
        }
        Ok(Self { text: text.to_owned(), name, arguments: arguments.into_iter(), options })
    }

    fn invalid(&self, reason: impl Into<String>) -> Error {
        Error::InvalidLayer { text: self.text.clone(), reason: reason.into() }
    }

    fn next_argument(&mut self) -> Option<String> {
        self.arguments.next()
    }

    fn size(&mut self, what: &str) -> Result<usize, Error> {
        let argument = self.next_argument().unwrap_or_default();
        match argument.parse() {
            Ok(size @ 1..=1_000_000) => Ok(size),
            _ => Err(self.invalid(format!("{what} is expected, not \"{argument}\""))),
        }
    }

    /// A filter for each group at least, in groups of the same size.
    fn convolution(&mut self, rank: Rank) -> Result<Convolution, Error> {
        let filters = self.size("the number of filters")?;
        let window = self.kernel(rank)?;
        let groups = self.option_size("groups")?;
        if filters % groups != 0 {
            return Err(self.invalid(format!("{filters} filters cannot be divided into {groups} groups")));
        }
        Ok(Convolution { filters, window, groups })
    }

    fn depthwise(&mut self, rank: Rank) -> Result<LayerSpec, Error> {
        let window = self.kernel(rank)?;
        Ok(LayerSpec::DepthwiseConv { multiplier: self.option_size("multiplier")?, window })
    }

    fn kernel(&mut self, rank: Rank) -> Result<Window, Error> {
        let size = match rank {
            Rank::One => self.extent(rank, "a kernel such as 3")?,
            Rank::Two => self.extent(rank, "a kernel such as 3x3")?,
        };
        let stride = self.option_extent(rank, "stride")?.unwrap_or([1, 1]);
        let dilation = self.option_extent(rank, "dilation")?.unwrap_or([1, 1]);
        Ok(Window { rank, size, stride, dilation, padding: self.padding(rank == Rank::One)? })
    }

    /// A pool strides by its window unless told otherwise.
    fn pool(&mut self, rank: Rank) -> Result<Window, Error> {
        let size = match rank {
            Rank::One => self.extent(rank, "a window such as 2")?,
            Rank::Two => self.extent(rank, "a window such as 2x2")?,
        };
        let stride = self.option_extent(rank, "stride")?.unwrap_or(size);
        Ok(Window { rank, size, stride, dilation: [1, 1], padding: self.padding(false)? })
    }

    fn extent(&mut self, rank: Rank, what: &str) -> Result<[usize; 2], Error> {
        let argument = self.next_argument().unwrap_or_default();
        extent(rank, &argument).ok_or_else(|| self.invalid(format!("{what} is expected, not \"{argument}\"")))
    }

    fn rate(&mut self) -> Result<f32, Error> {
        let argument = self.next_argument().unwrap_or_default();
        match argument.parse::<f32>() {
            Ok(rate) if (0.0..1.0).contains(&rate) => Ok(rate),
            _ => Err(self.invalid(format!("a rate from 0 to below 1 is expected, not \"{argument}\""))),
        }
    }

    fn option(&mut self, name: &str) -> Option<String> {
        let index = self.options.iter().position(|(key, _)| key == name)?;
        Some(self.options.remove(index).1)
    }

    fn option_size(&mut self, name: &str) -> Result<usize, Error> {
        let Some(value) = self.option(name) else { return Ok(1) };
        match value.parse() {
            Ok(size @ 1..=1_000_000) => Ok(size),
            _ => Err(self.invalid(format!("{name} takes a number from 1, not \"{value}\""))),
        }
    }

    fn option_extent(&mut self, rank: Rank, name: &str) -> Result<Option<[usize; 2]>, Error> {
        let Some(value) = self.option(name) else { return Ok(None) };
        let takes = if rank == Rank::One { "a number" } else { "a number or a pair such as 2x2" };
        match extent(rank, &value) {
            Some(pair) => Ok(Some(pair)),
            None => Err(self.invalid(format!("{name} takes {takes}, not \"{value}\""))),
        }
    }

    fn padding(&mut self, may_be_causal: bool) -> Result<Padding, Error> {
        match self.option("padding").as_deref() {
            None | Some("valid") => Ok(Padding::Valid),
            Some("same") => Ok(Padding::Same),
            Some("causal") if may_be_causal => Ok(Padding::Causal),
            Some(other) if may_be_causal => {
                Err(self.invalid(format!("padding is valid, same or causal, not \"{other}\"")))
            }
            Some(other) => Err(self.invalid(format!("padding is valid or same, not \"{other}\""))),
        }
    }

    fn finish(mut self) -> Result<(), Error> {
        if let Some(argument) = self.next_argument() {
            return Err(self.invalid(format!("\"{argument}\" is one argument too many")));
        }
        match self.options.first() {
            Some((name, _)) => Err(self.invalid(format!("unknown option \"{name}\""))),
            None => Ok(()),
        }
    }
}

/// `3x3`, or `3` for both; along steps `3` alone, which is one row of 3.
fn extent(rank: Rank, text: &str) -> Option<[usize; 2]> {
    let size = |text: &str| text.trim().parse::<usize>().ok().filter(|size| (1..=4096).contains(size));
    match (rank, text.split_once(['x', '×'])) {
        (Rank::Two, Some((first, second))) => Some([size(first)?, size(second)?]),
        (Rank::Two, None) => size(text).map(|size| [size, size]),
        (Rank::One, _) => size(text).map(|size| [1, size]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONV: Window =
        Window { rank: Rank::Two, size: [3, 5], stride: [2, 2], dilation: [1, 1], padding: Padding::Same };

    #[test]
    fn layers_read_as_written() {
        let parsed = layer("conv2d(32, 3x5, relu, stride=2, padding=same)").unwrap();
        let conv = LayerSpec::Conv(Convolution { filters: 32, window: CONV, groups: 1 });
        assert_eq!(parsed, vec![conv, LayerSpec::Activation(Activation::Relu)]);
        assert_eq!(layer("flatten").unwrap(), vec![LayerSpec::Flatten]);
        assert_eq!(layer(" Dropout(0.5) ").unwrap(), vec![LayerSpec::Dropout { rate: 0.5 }]);
    }

    #[test]
    fn options_of_convolutions_read_as_written() {
        let window = Window { dilation: [2, 4], stride: [1, 1], padding: Padding::Valid, ..CONV };
        let conv = LayerSpec::Conv(Convolution { filters: 32, window, groups: 8 });
        assert_eq!(layer("conv2d(32, 3x5, dilation=2x4, groups=8)").unwrap(), vec![conv]);
        let parsed = layer("depthwise_conv2d(3x5, tanh, multiplier=2, stride=2x2, padding=same)").unwrap();
        let depthwise = LayerSpec::DepthwiseConv { multiplier: 2, window: CONV };
        assert_eq!(parsed, vec![depthwise, LayerSpec::Activation(Activation::Tanh)]);
        let along =
            Window { rank: Rank::One, size: [1, 3], stride: [1, 2], dilation: [1, 4], padding: Padding::Causal };
        let conv = LayerSpec::Conv(Convolution { filters: 6, window: along, groups: 1 });
        assert_eq!(layer("conv1d(6, 3, linear, stride=2, padding=causal, dilation=4)").unwrap(), vec![conv]);
        let pool = Window { stride: [1, 3], dilation: [1, 1], padding: Padding::Valid, ..along };
        assert_eq!(layer("maxpool1d(3)").unwrap(), vec![LayerSpec::MaxPool(pool)]);
        let pool = Window { stride: [1, 2], padding: Padding::Same, ..pool };
        assert_eq!(layer("avgpool1d(3, stride=2, padding=same)").unwrap(), vec![LayerSpec::AvgPool(pool)]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("conv3d(3)", "unknown layer \"conv3d\""),
            ("conv2d(32)", "a kernel such as 3x3 is expected"),
            ("conv2d(32, 3x3, groups=5)", "32 filters cannot be divided into 5 groups"),
            ("conv2d(32, 3x3, groups=0)", "groups takes a number from 1, not \"0\""),
            ("conv2d(32, 3x3, dilation=0)", "dilation takes a number or a pair such as 2x2, not \"0\""),
            ("conv2d(32, 3x3, padding=causal)", "padding is valid or same, not \"causal\""),
            ("conv2d(32, 3x3, stride=1, stride=2)", "option \"stride\" is given twice"),
            ("conv2d(32, 3x3, multiplier=2)", "unknown option \"multiplier\""),
            ("conv1d(32, 3x3)", "a kernel such as 3 is expected, not \"3x3\""),
            ("conv1d(32, 3, stride=2x2)", "stride takes a number, not \"2x2\""),
            ("conv1d(32, 3, padding=full)", "padding is valid, same or causal, not \"full\""),
            ("depthwise_conv2d(32, 3x3)", "\"3x3\" is not an activation"),
            ("depthwise_conv2d(3x3, multiplier=-1)", "multiplier takes a number from 1"),
            ("depthwise_conv2d(3x3, groups=2)", "unknown option \"groups\""),
            ("maxpool1d(2x2)", "a window such as 2 is expected, not \"2x2\""),
            ("maxpool1d(2, padding=causal)", "padding is valid or same, not \"causal\""),
            ("avgpool(2x2, dilation=2)", "unknown option \"dilation\""),
            ("globalmaxpool(2)", "one argument too many"),
            ("dense(0)", "the number of units is expected, not \"0\""),
            ("dense(3, relo)", "\"relo\" is not an activation"),
            ("dense(3, relu, 4)", "one argument too many"),
            ("maxpool(2x2, pad=same)", "unknown option \"pad\""),
            ("dense(3", "closing parenthesis"),
            ("dropout(1)", "a rate from 0 to below 1"),
            ("", "unknown layer \"\""),
        ] {
            let error = layer(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
