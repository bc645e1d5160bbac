//! First values of weights: uniform, as wide as the layer behind them asks for.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::network::{Activation, LayerSpec};

/// How wide first weights are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initial {
    /// ±√(6 / (fan in + fan out)): Glorot and Bengio, AISTATS 2010.
    Glorot,
    /// ±√(6 / fan in): He, Zhang, Ren and Sun, ICCV 2015, for what a rectifier halves.
    He,
}

impl Initial {
    /// For a layer whose output goes to `next`.
    pub(crate) fn before(next: Option<&LayerSpec>) -> Self {
        match next {
            Some(LayerSpec::Activation(
                Activation::Relu | Activation::LeakyRelu | Activation::Elu | Activation::Gelu,
            )) => Initial::He,
            _ => Initial::Glorot,
        }
    }

    /// Fills the weights of a layer; a value of its output is the sum of `fan_in` products.
    pub(super) fn fill(self, random: &mut ChaCha8Rng, fan_in: usize, fan_out: usize, values: &mut [f32]) {
        let fan = match self {
            Initial::Glorot => fan_in + fan_out,
            Initial::He => fan_in,
        };
        let limit = (6.0 / fan as f64).sqrt() as f32;
        for value in values {
            *value = random.random_range(-limit..=limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn rectifiers_get_wider_weights() {
        let relu = LayerSpec::Activation(Activation::Relu);
        assert_eq!(Initial::before(Some(&relu)), Initial::He);
        assert_eq!(Initial::before(Some(&LayerSpec::Activation(Activation::Softmax))), Initial::Glorot);
        assert_eq!(Initial::before(None), Initial::Glorot);
        for (initial, limit) in [(Initial::Glorot, 0.5), (Initial::He, 1.0)] {
            let mut values = vec![0.0; 1000];
            initial.fill(&mut ChaCha8Rng::seed_from_u64(1), 6, 18, &mut values);
            let widest = values.iter().fold(0.0_f32, |widest, value| widest.max(value.abs()));
            assert!(widest <= limit && widest > 0.9 * limit, "{widest}");
        }
    }
}
