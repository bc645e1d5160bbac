//! Random numbers from a seed that a failing test prints, so that it can be run again.

/// SplitMix64 (Steele, Lea, Flood, 2014).
pub struct Random(u64);

impl Random {
    /// The seed in `MEAD_TEST_SEED`, else the one given. It is printed, and shown where the test fails.
    pub fn new(default: u64) -> Self {
        let seed = match std::env::var("MEAD_TEST_SEED") {
            Ok(text) => text.parse().expect("MEAD_TEST_SEED is a number"),
            Err(_) => default,
        };
        println!("seed {seed} (MEAD_TEST_SEED sets another)");
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From `low` up to but without `high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low)
    }
}
