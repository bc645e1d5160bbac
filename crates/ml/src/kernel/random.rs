//! Random numbers by counting: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, 2011), and the dropping of values by it.
//!
//! Every value has a number of its own in a stream that its sample, step and layer name, so neither the cut into chunks nor
//! the instruction set changes which values are dropped.

use super::Isa;
use super::lanes::{Lanes, for_each_isa};

/// Counters that are worked on together; each gives four numbers.
const WIDTH: usize = 16;
/// Values that one block of counters serves.
const BLOCK: usize = 4 * WIDTH;

/// Names a stream of 2³² blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    pub seed: u64,
    pub step: u64,
    pub sample: u64,
    pub layer: u32,
}

impl Stream {
    /// The counter but for its first word, and the key.
    fn words(self) -> ([u32; 3], [u32; 2]) {
        // No training has 2³² steps, nor a batch 2³² rows; if one had, it would begin with other keys.
        let high = (self.step >> 32) ^ (self.sample >> 32).rotate_left(32);
        let key = self.seed ^ high;
        ([self.sample as u32, self.step as u32, self.layer], [key as u32, (key >> 32) as u32])
    }
}

/// `output` is `input` times `1 / (1 − rate)`, or zero with probability `rate`, which lies in `[0, 1)`; `kept` says which: 1
/// or 0.
pub fn dropout(isa: Isa, stream: Stream, rate: f32, input: &[f32], output: &mut [f32], kept: &mut [u32]) {
    let len = input.len();
    assert!(output.len() == len && kept.len() == len && len <= u32::MAX as usize, "a dropout of another length");
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { dropout_form(isa, stream, rate, input, output, kept) }
}

/// `grad_input` is `grad_output` times `grow` where the value was kept, and zero elsewhere.
pub fn dropout_gradient(isa: Isa, grow: f32, kept: &[u32], grad_output: &[f32], grad_input: &mut [f32]) {
    let len = kept.len();
    assert!(grad_output.len() == len && grad_input.len() == len, "a dropout's gradient of another length");
    // SAFETY: the body is safe; the macro checks the instructions.
    unsafe { gradient_form(isa, grow, kept, grad_output, grad_input) }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn dropout_form(stream: Stream, rate: f32, input: &[f32], output: &mut [f32], kept: &mut [u32]) = dropout_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

for_each_isa! {
    /// # Safety
    /// None beside the instructions.
    unsafe fn gradient_form(grow: f32, kept: &[u32], grad_output: &[f32], grad_input: &mut [f32]) = gradient_body {
        Avx512: [], Avx2: [], Portable: [],
    }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn dropout_body<L: Lanes>(stream: Stream, rate: f32, input: &[f32], output: &mut [f32], kept: &mut [u32]) {
    let grow = 1.0 / (1.0 - rate);
    // Of 24 bits, as many as a number between 0 and 1 has.
    let least = (f64::from(rate) * f64::from(1 << 24)).ceil() as u32;
    let (counter, key) = stream.words();
    let blocks = input.chunks(BLOCK).zip(output.chunks_mut(BLOCK)).zip(kept.chunks_mut(BLOCK));
    for (number, ((input, output), kept)) in blocks.enumerate() {
        let mut words = [[0_u32; WIDTH]; 4];
        for (lane, word) in words[0].iter_mut().enumerate() {
            *word = (number * WIDTH + lane) as u32;
        }
        for (words, word) in words[1..].iter_mut().zip(counter) {
            words.fill(word);
        }
        philox(&mut words, key);
        for (kept, word) in kept.iter_mut().zip(words.as_flattened()) {
            *kept = u32::from(word >> 8 >= least);
        }
        for ((output, input), kept) in output.iter_mut().zip(input).zip(kept.iter()) {
            *output = f32::from_bits((input * grow).to_bits() & kept.wrapping_neg());
        }
    }
}

/// # Safety
/// None beside the instructions.
#[inline(always)]
unsafe fn gradient_body<L: Lanes>(grow: f32, kept: &[u32], grad_output: &[f32], grad_input: &mut [f32]) {
    for ((out, grad), kept) in grad_input.iter_mut().zip(grad_output).zip(kept) {
        *out = f32::from_bits((grad * grow).to_bits() & kept.wrapping_neg());
    }
}

/// Ten rounds over counters that lie word by word.
#[expect(clippy::needless_range_loop, reason = "one lane of all words")]
#[inline(always)]
fn philox<const N: usize>(words: &mut [[u32; N]; 4], mut key: [u32; 2]) {
    for _ in 0..10 {
        for lane in 0..N {
            let first = u64::from(words[0][lane]) * 0xD251_1F53;
            let second = u64::from(words[2][lane]) * 0xCD9E_8D57;
            words[0][lane] = (second >> 32) as u32 ^ words[1][lane] ^ key[0];
            words[1][lane] = second as u32;
            words[2][lane] = (first >> 32) as u32 ^ words[3][lane] ^ key[1];
            words[3][lane] = first as u32;
        }
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers that the authors publish with their code.
    #[test]
    fn philox_as_published() {
        let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
        for (counter, key, expected) in [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (pi, [0xa409_3822, 0x299f_31d0], [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]),
        ] {
            let mut words = counter.map(|word| [word]);
            philox(&mut words, key);
            assert_eq!(words.as_flattened(), expected);
        }
    }

    const STREAM: Stream = Stream { seed: 1 << 40 | 7, step: 3, sample: 11, layer: 2 };

    #[test]
    fn every_form_drops_the_same() {
        for len in [1, 15, 64, 65, 1000] {
            let input: Vec<f32> = (0..len).map(|place| if place == 3 { f32::NAN } else { place as f32 }).collect();
            for isa in Isa::available() {
                let (mut output, mut kept) = (vec![f32::NAN; len], vec![9; len]);
                dropout(isa, STREAM, 0.3, &input, &mut output, &mut kept);
                for (place, value) in input.iter().enumerate() {
                    let (counter, key) = STREAM.words();
                    let first = (place / BLOCK * WIDTH + place % WIDTH) as u32;
                    let mut words = [first, counter[0], counter[1], counter[2]].map(|word| [word]);
                    philox(&mut words, key);
                    let uniform = f64::from(words[place % BLOCK / WIDTH][0] >> 8) / f64::from(1 << 24);
                    let expected = if uniform >= f64::from(0.3_f32) { value * (1.0 / 0.7) } else { 0.0 };
                    let same = (output[place] - expected).abs() <= 1e-6 * expected.abs();
                    assert!(same || (expected.is_nan() && output[place].is_nan()), "{isa:?}, value {place} of {len}");
                }
                let mut grad = vec![f32::NAN; len];
                dropout_gradient(isa, 2.0, &kept, &vec![1.5; len], &mut grad);
                assert!(grad.iter().zip(&kept).all(|(grad, kept)| *grad == 3.0 * *kept as f32));
            }
        }
    }

    /// Within five standard deviations: the share that is kept, and how often two streams agree.
    #[test]
    fn streams_are_independent() {
        let len = 100_000;
        let drop = |stream: Stream| {
            let (mut output, mut kept) = (vec![0.0; len], vec![0; len]);
            dropout(Isa::detect(), stream, 0.25, &vec![1.0; len], &mut output, &mut kept);
            kept
        };
        let first = drop(STREAM);
        let share = |count: usize| count as f64 / len as f64;
        assert!((share(first.iter().filter(|kept| **kept == 1).count()) - 0.75).abs() < 0.007);
        let others = [
            Stream { seed: STREAM.seed + 1, ..STREAM },
            Stream { step: STREAM.step + 1, ..STREAM },
            Stream { sample: STREAM.sample + 1, ..STREAM },
            Stream { layer: STREAM.layer + 1, ..STREAM },
        ];
        for other in others {
            let agree = first.iter().zip(drop(other)).filter(|(left, right)| **left == *right).count();
            assert!((share(agree) - 0.625).abs() < 0.008, "{other:?}: {}", share(agree));
        }
        // Neighbours in one stream.
        let agree = first.windows(2).filter(|pair| pair[0] == pair[1]).count();
        assert!((share(agree) - 0.625).abs() < 0.008);
    }
}
