//! `rand([seed])`: numbers from 0 up to 1. With a seed they are those of Java's `Random`.

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::Float64Type;
use datafusion::error::Result;
use datafusion::logical_expr::Volatility;

use super::SECTION;
use crate::hive::call::Call;
use crate::hive::definition::{BASE, Definition, Kind, double};

static RAND: Definition = Definition {
    name: "rand",
    aliases: &["random"],
    arguments: &[("seed", Kind::Number, "The same seed gives the same numbers.")],
    required: 0,
    result: double,
    run,
    section: &SECTION,
    description: "A random number from 0 up to 1, for each row another. With a seed each batch of rows begins anew.",
    example: "SELECT rand() < 1; -- true",
    volatility: Volatility::Volatile,
    ..BASE
};

pub(super) static FUNCTIONS: &[&Definition] = &[&RAND];

fn run(call: &Call) -> Result<ArrayRef> {
    if !call.has(0) {
        return call.primitives::<Float64Type>(|_| Some(rand::random::<f64>()));
    }
    let seeds = call.whole(0)?;
    let mut random = JavaRandom::new(seeds.get(0).unwrap_or(0));
    call.primitives::<Float64Type>(|_| Some(random.double()))
}

/// The generator that Java's documentation of `java.util.Random` describes.
pub(in crate::hive) struct JavaRandom(u64);

impl JavaRandom {
    const MASK: u64 = (1 << 48) - 1;

    pub fn new(seed: i64) -> Self {
        Self((seed as u64 ^ 0x5_DEEC_E66D) & Self::MASK)
    }

    fn bits(&mut self, bits: u32) -> u64 {
        self.0 = self.0.wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB) & Self::MASK;
        self.0 >> (48 - bits)
    }

    pub fn double(&mut self) -> f64 {
        let high = self.bits(26) << 27;
        (high + self.bits(27)) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_what_java_gives() {
        let mut random = JavaRandom::new(42);
        assert_eq!(random.double(), 0.7275636800328681);
        assert_eq!(random.double(), 0.6832234717598454);
    }
}
