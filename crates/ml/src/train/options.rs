//! What a user can say of a training.

use crate::Error;

/// A constant, as SQL gives it.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<OptionValue>),
}

/// Every option, in alphabetical order.
pub const OPTION_NAMES: [&str; 12] = [
    "batch_size",
    "early_stopping",
    "epochs",
    "input_shape",
    "layers",
    "learning_rate",
    "loss",
    "momentum",
    "optimizer",
    "patience",
    "seed",
    "validation_fraction",
];

/// How parameters are changed by gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptimizerKind {
    /// Kingma and Ba, 2015, with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁷ as in Keras.
    Adam,
    /// All rows in one batch.
    GradientDescent,
    /// With momentum, if any is given.
    Sgd,
}

/// What is made small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossKind {
    CrossEntropy,
    Mse,
}

/// The options of one training. `None` where the data decide.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    pub layers: Option<Vec<String>>,
    pub input_shape: Option<Vec<usize>>,
    pub optimizer: OptimizerKind,
    pub learning_rate: Option<f64>,
    pub momentum: f64,
    pub loss: Option<LossKind>,
    pub epochs: usize,
    pub batch_size: usize,
    /// Without a seed one is drawn; the model remembers it.
    pub seed: Option<u64>,
    /// The part of the rows, chosen by the seed, that the model does not learn from.
    pub validation_fraction: f64,
    pub early_stopping: bool,
    /// Epochs without progress after which early stopping stops.
    pub patience: usize,
    /// Threads to train with; the result does not depend on it.
    pub threads: usize,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            layers: None,
            input_shape: None,
            optimizer: OptimizerKind::Adam,
            learning_rate: None,
            momentum: 0.0,
            loss: None,
            epochs: 5,
            batch_size: 32,
            seed: None,
            validation_fraction: 0.0,
            early_stopping: false,
            patience: 3,
            threads: 1,
        }
    }
}

impl TrainOptions {
    /// Reads options by name. NULL stands for the default.
    pub fn from_named(values: Vec<(String, OptionValue)>) -> Result<Self, Error> {
        let mut options = Self::default();
        let (mut batch_size_given, mut momentum_given, mut patience_given) = (false, false, false);
        for (name, value) in values {
            if value == OptionValue::Null {
                options.check_name(&name)?;
                continue;
            }
            let reader = Reader { name: &name, value: &value };
            match name.as_str() {
                "batch_size" => {
                    options.batch_size = reader.whole(1, 1 << 20)?;
                    batch_size_given = true;
                }
                "early_stopping" => options.early_stopping = reader.boolean()?,
                "epochs" => options.epochs = reader.whole(1, 1_000_000)?,
                "input_shape" => options.input_shape = Some(reader.shape()?),
                "layers" => options.layers = Some(reader.texts()?),
                "learning_rate" => options.learning_rate = Some(reader.real(f64::MIN_POSITIVE, 1e6)?),
                "loss" => {
                    options.loss = Some(match reader.text()?.as_str() {
                        "cross_entropy" | "categorical_crossentropy" => LossKind::CrossEntropy,
                        "mse" | "mean_squared_error" => LossKind::Mse,
                        other => return Err(reader.invalid(format!("\"{other}\" is not cross_entropy or mse"))),
                    });
                }
                "momentum" => {
                    options.momentum = reader.real(0.0, 0.999_999)?;
                    momentum_given = true;
                }
                "optimizer" => {
                    options.optimizer = match reader.text()?.as_str() {
                        "adam" => OptimizerKind::Adam,
                        "sgd" => OptimizerKind::Sgd,
                        "gradient_descent" => OptimizerKind::GradientDescent,
                        other => {
                            return Err(reader.invalid(format!("\"{other}\" is not adam, sgd or gradient_descent")));
                        }
                    };
                }
                "patience" => {
                    options.patience = reader.whole(1, 1_000_000)?;
                    patience_given = true;
                }
                "seed" => options.seed = Some(reader.seed()?),
                "validation_fraction" => options.validation_fraction = reader.real(0.0, 0.9)?,
                _ => options.check_name(&name)?,
            }
        }
        if momentum_given && options.optimizer == OptimizerKind::Adam {
            return Err(Error::InvalidOption {
                name: "momentum".to_owned(),
                reason: "adam has none; use optimizer => 'sgd'".to_owned(),
            });
        }
        if batch_size_given && options.optimizer == OptimizerKind::GradientDescent {
            return Err(Error::InvalidOption {
                name: "batch_size".to_owned(),
                reason: "gradient_descent takes all rows at once; use optimizer => 'sgd'".to_owned(),
            });
        }
        if patience_given && !options.early_stopping {
            return Err(Error::InvalidOption {
                name: "patience".to_owned(),
                reason: "it is for early stopping; set early_stopping => true too".to_owned(),
            });
        }
        if options.early_stopping && options.validation_fraction == 0.0 {
            return Err(Error::InvalidOption {
                name: "early_stopping".to_owned(),
                reason: "it watches the validation loss; set validation_fraction too".to_owned(),
            });
        }
        Ok(options)
    }

    pub fn learning_rate(&self) -> f64 {
        self.learning_rate.unwrap_or(match self.optimizer {
            OptimizerKind::Adam => 0.001,
            OptimizerKind::Sgd | OptimizerKind::GradientDescent => 0.01,
        })
    }

    fn check_name(&self, name: &str) -> Result<(), Error> {
        if OPTION_NAMES.contains(&name) {
            return Ok(());
        }
        let nearest =
            OPTION_NAMES.iter().map(|known| (distance(name, known), *known)).min().filter(|(far, _)| *far <= 3);
        Err(Error::UnknownOption { name: name.to_owned(), nearest: nearest.map(|(_, known)| known) })
    }
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left_above = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (left_above + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
            left_above = above;
        }
    }
    row[b.len()]
}

struct Reader<'a> {
    name: &'a str,
    value: &'a OptionValue,
}

impl Reader<'_> {
    fn invalid(&self, reason: impl Into<String>) -> Error {
        Error::InvalidOption { name: self.name.to_owned(), reason: reason.into() }
    }

    fn whole(&self, least: i64, most: i64) -> Result<usize, Error> {
        match self.value {
            OptionValue::Int(value) if (least..=most).contains(value) => Ok(*value as usize),
            _ => Err(self.invalid(format!("a whole number from {least} to {most} is expected"))),
        }
    }

    fn seed(&self) -> Result<u64, Error> {
        match self.value {
            OptionValue::Int(value) if *value >= 0 => Ok(*value as u64),
            _ => Err(self.invalid("a whole number that is not negative is expected")),
        }
    }

    fn real(&self, least: f64, most: f64) -> Result<f64, Error> {
        let value = match self.value {
            OptionValue::Int(value) => *value as f64,
            OptionValue::Float(value) => *value,
            _ => return Err(self.invalid("a number is expected")),
        };
        if (least..=most).contains(&value) {
            Ok(value)
        } else {
            Err(self.invalid(format!("{value} is not between {least} and {most}")))
        }
    }

    fn boolean(&self) -> Result<bool, Error> {
        match self.value {
            OptionValue::Bool(value) => Ok(*value),
            _ => Err(self.invalid("true or false is expected")),
        }
    }

    fn text(&self) -> Result<String, Error> {
        match self.value {
            OptionValue::Text(value) => Ok(value.to_lowercase()),
            _ => Err(self.invalid("a text is expected")),
        }
    }

    fn texts(&self) -> Result<Vec<String>, Error> {
        let expected = || self.invalid("an array of texts is expected, such as ARRAY['flatten', 'dense(10, softmax)']");
        let OptionValue::List(values) = self.value else { return Err(expected()) };
        if values.is_empty() {
            return Err(expected());
        }
        let text = |value: &OptionValue| match value {
            OptionValue::Text(text) => Ok(text.clone()),
            _ => Err(expected()),
        };
        values.iter().map(text).collect()
    }

    fn shape(&self) -> Result<Vec<usize>, Error> {
        let expected =
            || self.invalid("ARRAY[height, width, channels], ARRAY[steps, channels] or ARRAY[values] is expected");
        let OptionValue::List(values) = self.value else { return Err(expected()) };
        if !matches!(values.len(), 1..=3) {
            return Err(expected());
        }
        let size = |value: &OptionValue| match value {
            OptionValue::Int(size @ 1..=65_536) => Ok(*size as usize),
            _ => Err(expected()),
        };
        values.iter().map(size).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_options_have_a_nearest_name() {
        let error = TrainOptions::from_named(vec![("epoch".to_owned(), OptionValue::Int(3))]).unwrap_err();
        assert!(matches!(error, Error::UnknownOption { nearest: Some("epochs"), .. }), "{error}");
        let error = TrainOptions::from_named(vec![("epochs".to_owned(), OptionValue::Int(0))]).unwrap_err();
        assert!(matches!(error, Error::InvalidOption { .. }), "{error}");
        assert_eq!(distance("learning_rat", "learning_rate"), 1);
    }

    #[test]
    fn shapes_have_up_to_three_sizes() {
        let shape = |sizes: &[i64]| {
            let list = OptionValue::List(sizes.iter().map(|size| OptionValue::Int(*size)).collect());
            TrainOptions::from_named(vec![("input_shape".to_owned(), list)]).map(|options| options.input_shape.unwrap())
        };
        for sizes in [&[7_i64][..], &[50, 3], &[28, 28, 1]] {
            assert_eq!(shape(sizes).unwrap(), sizes.iter().map(|size| *size as usize).collect::<Vec<_>>());
        }
        for sizes in [&[][..], &[2, 2, 2, 2], &[0, 3], &[65_537, 1]] {
            let error = shape(sizes).unwrap_err().to_string();
            assert!(error.contains("ARRAY[steps, channels]"), "{error}");
        }
    }
}
