//! How ORC writes numbers, bits and messages: run lengths of its first version, which every reader knows, and what little
//! of protocol buffers its footers need (<https://orc.apache.org/specification/ORCv1/>).

/// The shortest run that is written as one.
const RUN_MIN: usize = 3;
/// The longest run, and the longest list of values that are no run.
const RUN_MAX: usize = 130;
const LITERALS_MAX: usize = 128;

/// Whole numbers by run length; `signed` ones are folded so that small negative ones stay short.
pub(super) fn integers(values: &[i64], signed: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let number = |value: i64, bytes: &mut Vec<u8>| match signed {
        true => varint(zigzag(value), bytes),
        false => varint(value.cast_unsigned(), bytes),
    };
    let (mut place, mut literals) = (0, 0);
    while place < values.len() {
        let (length, step) = run(&values[place..]);
        if length < RUN_MIN {
            place += 1;
            if place - literals == LITERALS_MAX || place == values.len() {
                list(place - literals, &mut bytes);
                values[literals..place].iter().for_each(|value| number(*value, &mut bytes));
                literals = place;
            }
            continue;
        }
        if place > literals {
            list(place - literals, &mut bytes);
            values[literals..place].iter().for_each(|value| number(*value, &mut bytes));
        }
        bytes.push((length - RUN_MIN) as u8);
        bytes.push(step.cast_unsigned());
        number(values[place], &mut bytes);
        place += length;
        literals = place;
    }
    bytes
}

/// How many values from the first on differ by the same step, and the step.
fn run(values: &[i64]) -> (usize, i8) {
    let step = |place: usize| values[place].checked_sub(values[place - 1]).and_then(|step| i8::try_from(step).ok());
    if values.len() < 2 {
        return (values.len(), 0);
    }
    let Some(first) = step(1) else { return (1, 0) };
    let most = values.len().min(RUN_MAX);
    let length = (2..most).find(|place| step(*place) != Some(first)).unwrap_or(most);
    (length, first)
}

fn list(length: usize, bytes: &mut Vec<u8>) {
    bytes.push((length as u8).wrapping_neg());
}

/// Bytes by run length.
pub(super) fn byte_runs(values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut place, mut literals) = (0, 0);
    while place < values.len() {
        let most = (values.len() - place).min(RUN_MAX);
        let length = (1..most).find(|next| values[place + next] != values[place]).unwrap_or(most);
        if length < RUN_MIN {
            place += 1;
            if place - literals == LITERALS_MAX || place == values.len() {
                list(place - literals, &mut bytes);
                bytes.extend_from_slice(&values[literals..place]);
                literals = place;
            }
            continue;
        }
        if place > literals {
            list(place - literals, &mut bytes);
            bytes.extend_from_slice(&values[literals..place]);
        }
        bytes.push((length - RUN_MIN) as u8);
        bytes.push(values[place]);
        place += length;
        literals = place;
    }
    bytes
}

/// Bits, the first in the highest place, by run length of their bytes.
pub(super) fn bits(values: &[bool]) -> Vec<u8> {
    let packed: Vec<u8> = values
        .chunks(8)
        .map(|chunk| chunk.iter().enumerate().fold(0, |byte, (place, bit)| byte | u8::from(*bit) << (7 - place)))
        .collect();
    byte_runs(&packed)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// [`varint`] of a folded decimal, which has up to 128 bits.
pub(super) fn decimal(value: i128, bytes: &mut Vec<u8>) {
    let mut value = ((value << 1) ^ (value >> 127)).cast_unsigned();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A message of protocol buffers, field by field.
#[derive(Default)]
pub(super) struct Message(pub Vec<u8>);

impl Message {
    pub fn number(mut self, tag: u32, value: u64) -> Self {
        varint(u64::from(tag) << 3, &mut self.0);
        varint(value, &mut self.0);
        self
    }

    pub fn bytes(mut self, tag: u32, value: &[u8]) -> Self {
        varint(u64::from(tag) << 3 | 2, &mut self.0);
        varint(value.len() as u64, &mut self.0);
        self.0.extend_from_slice(value);
        self
    }

    pub fn message(self, tag: u32, value: &Message) -> Self {
        self.bytes(tag, &value.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of ORC's specification.
    #[test]
    fn numbers_are_written_as_specified() {
        assert_eq!(integers(&[7; 100], false), [0x61, 0x00, 0x07]);
        assert_eq!(integers(&(1..=100).rev().collect::<Vec<_>>(), false), [0x61, 0xff, 0x64]);
        assert_eq!(integers(&[2, 3, 6, 7, 11], false), [0xfb, 0x02, 0x03, 0x06, 0x07, 0x0b]);
        assert_eq!(byte_runs(&[0; 100]), [0x61, 0x00]);
        assert_eq!(byte_runs(&[0x44, 0x45]), [0xfe, 0x44, 0x45]);
        assert_eq!(bits(&[true, false, false, false, false, false, false, false]), [0xff, 0x80]);
        assert_eq!(integers(&[i64::MIN, i64::MAX], true).len(), 21);
    }
}
