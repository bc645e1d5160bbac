//! What a row is known by, wherever it comes from: a hash of its values.

use super::blocks::Row;

/// Multiplier of each step: 2^64 divided by the golden ratio, made odd.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// A hash of values; four chains side by side, for one multiplication waits for the one before it. Bytes hash as the floats
/// that they stand for.
pub(crate) fn hash_row(row: Row<'_>) -> u64 {
    match row {
        Row::Bytes(bytes) => hash(bytes, |byte| f32::from(*byte).to_bits()),
        Row::Floats(floats) => hash(floats, |value| value.to_bits()),
    }
}

/// Values with a label.
pub(crate) fn hash_labelled(values: &[f32], label: u32) -> u64 {
    together(chains(values, |value| value.to_bits()), u64::from(label))
}

fn hash<T>(values: &[T], bits: impl Fn(&T) -> u32) -> u64 {
    together(chains(values, bits), 0)
}

fn chains<T>(values: &[T], bits: impl Fn(&T) -> u32) -> [u64; 4] {
    let step = |state: u64, bits: u32| (state.rotate_left(23) ^ u64::from(bits)).wrapping_mul(FACTOR);
    let mut chains = [1_u64, 2, 3, 4];
    let groups = values.chunks_exact(4);
    let rest = groups.remainder();
    for group in groups {
        for (chain, value) in chains.iter_mut().zip(group) {
            *chain = step(*chain, bits(value));
        }
    }
    for (chain, value) in chains.iter_mut().zip(rest) {
        *chain = step(*chain, bits(value));
    }
    chains
}

fn together(chains: [u64; 4], start: u64) -> u64 {
    let together =
        chains.iter().fold(start, |state, chain| (state.rotate_left(23) ^ chain ^ (chain >> 32)).wrapping_mul(FACTOR));
    together ^ (together >> 32)
}
