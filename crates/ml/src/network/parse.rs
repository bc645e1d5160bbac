//! Layer strings: `name(arguments, activation, option=value)`.

use super::spec::{Activation, LayerSpec, Padding};
use crate::Error;

/// Every name a layer string can begin with, in alphabetical order.
pub const LAYER_NAMES: [&str; 15] = [
    "avgpool",
    "batchnorm",
    "conv2d",
    "dense",
    "dropout",
    "elu",
    "flatten",
    "gelu",
    "globalavgpool",
    "leaky_relu",
    "maxpool",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
];

/// One layer string, and the activation it may carry.
pub(super) fn layer(text: &str) -> Result<Vec<LayerSpec>, Error> {
    let mut call = Call::parse(text)?;
    let layer = match call.name.as_str() {
        "avgpool" | "maxpool" => {
            let window = call.pair("a window such as 2x2")?;
            let stride = call.option_pair("stride")?.unwrap_or(window);
            let padding = call.padding()?;
            if call.name == "maxpool" {
                LayerSpec::MaxPool { window, stride, padding }
            } else {
                LayerSpec::AvgPool { window, stride, padding }
            }
        }
        "batchnorm" => LayerSpec::BatchNorm,
        "conv2d" => LayerSpec::Conv2d {
            filters: call.size("the number of filters")?,
            kernel: call.pair("a kernel such as 3x3")?,
            stride: call.option_pair("stride")?.unwrap_or([1, 1]),
            padding: call.padding()?,
        },
        "dense" => LayerSpec::Dense { units: call.size("the number of units")? },
        "dropout" => LayerSpec::Dropout { rate: call.rate()? },
        "flatten" => LayerSpec::Flatten,
        "globalavgpool" => LayerSpec::GlobalAvgPool,
        name => match activation(name) {
            Some(activation) => LayerSpec::Activation(activation),
            None => return Err(Error::UnknownLayer { name: name.to_owned(), text: text.to_owned() }),
        },
    };
    let mut layers = vec![layer];
    let takes_activation = matches!(layers[0], LayerSpec::Conv2d { .. } | LayerSpec::Dense { .. });
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

    fn pair(&mut self, what: &str) -> Result<[usize; 2], Error> {
        let argument = self.next_argument().unwrap_or_default();
        pair_of(&argument).ok_or_else(|| self.invalid(format!("{what} is expected, not \"{argument}\"")))
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

    fn option_pair(&mut self, name: &str) -> Result<Option<[usize; 2]>, Error> {
        match self.option(name) {
            None => Ok(None),
            Some(value) => match pair_of(&value) {
                Some(pair) => Ok(Some(pair)),
                None => Err(self.invalid(format!("{name} takes a number or a pair such as 2x2, not \"{value}\""))),
            },
        }
    }

    fn padding(&mut self) -> Result<Padding, Error> {
        match self.option("padding").as_deref() {
            None | Some("valid") => Ok(Padding::Valid),
            Some("same") => Ok(Padding::Same),
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

/// `3x3`, or `3` for both.
fn pair_of(text: &str) -> Option<[usize; 2]> {
    let size = |text: &str| text.trim().parse::<usize>().ok().filter(|size| (1..=4096).contains(size));
    match text.split_once(['x', '×']) {
        Some((first, second)) => Some([size(first)?, size(second)?]),
        None => size(text).map(|size| [size, size]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_read_as_written() {
        let parsed = layer("conv2d(32, 3x5, relu, stride=2, padding=same)").unwrap();
        let conv = LayerSpec::Conv2d { filters: 32, kernel: [3, 5], stride: [2, 2], padding: Padding::Same };
        assert_eq!(parsed, vec![conv, LayerSpec::Activation(Activation::Relu)]);
        assert_eq!(layer("flatten").unwrap(), vec![LayerSpec::Flatten]);
        assert_eq!(layer(" Dropout(0.5) ").unwrap(), vec![LayerSpec::Dropout { rate: 0.5 }]);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("conv3d(3)", "unknown layer \"conv3d\""),
            ("conv2d(32)", "a kernel such as 3x3 is expected"),
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
