//! Decimals with fewer places: round, trunc, ceil, floor and sign of a 128-bit decimal.

use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, DecimalType};

/// How what is beyond the last place is dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// To the nearest, halves away from zero.
    Round,
    /// Towards zero.
    Trunc,
    /// Up.
    Ceil,
    /// Down.
    Floor,
    /// -1, 0 or 1.
    Sign,
}

/// A decimal type's precision and scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Digits {
    pub precision: u8,
    pub scale: i8,
}

impl Digits {
    pub fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Decimal128(precision, scale) => Some(Self { precision: *precision, scale: *scale }),
            _ => None,
        }
    }

    pub fn data_type(self) -> DataType {
        DataType::Decimal128(self.precision, self.scale)
    }

    /// What a value of this type becomes with so many places behind the point. As in PostgreSQL the result has them all, if
    /// they fit beside the digits before the point; where the places differ from row to row the scale stays.
    pub fn with_places(self, places: Option<i32>) -> Self {
        let most = i32::from(DECIMAL128_MAX_PRECISION);
        let (precision, scale) = (i32::from(self.precision), i32::from(self.scale));
        let before = (precision - scale).max(0);
        let (scale, carry) = match places {
            None => (scale, 1),
            Some(places) if places < scale => (places.max(0), 1),
            Some(places) => (places.min(scale.max(most - before)), 0),
        };
        let precision = (before + carry + scale).clamp(1, most).max(scale);
        Self { precision: precision as u8, scale: scale as i8 }
    }

    /// `value` of this type with so many places, in the type `to`; `None` if it does not fit.
    pub fn convert(self, value: i128, places: i32, mode: Mode, to: Self) -> Option<i128> {
        let (scale, to_scale) = (i32::from(self.scale), i32::from(to.scale));
        let converted = if mode == Mode::Sign {
            value.signum().checked_mul(power(to_scale)?)?
        } else if places >= scale {
            value.checked_mul(power(to_scale - scale)?)?
        } else {
            match shorten(value, scale - places, mode) {
                0 => 0,
                kept => kept.checked_mul(power(to_scale - places)?)?,
            }
        };
        Decimal128Type::is_valid_decimal_precision(converted, to.precision).then_some(converted)
    }
}

fn power(exponent: i32) -> Option<i128> {
    10_i128.checked_pow(u32::try_from(exponent).ok()?)
}

/// `value` without its last `digits`, of which there is at least one.
fn shorten(value: i128, digits: i32, mode: Mode) -> i128 {
    // Ten to the power of what cannot be held is more than twice any value.
    let (kept, rest, half) = match power(digits) {
        Some(power) => (value / power, value % power, (value % power).unsigned_abs() * 2 >= power.unsigned_abs()),
        None => (0, value, false),
    };
    match mode {
        Mode::Round if half => kept + value.signum(),
        Mode::Ceil if rest > 0 => kept + 1,
        Mode::Floor if rest < 0 => kept - 1,
        _ => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(precision: u8, scale: i8) -> Digits {
        Digits { precision, scale }
    }

    fn convert(value: i128, scale: i8, places: i32, mode: Mode) -> Option<(i128, i8)> {
        let from = digits(20, scale);
        let to = from.with_places(Some(places));
        from.convert(value, places, mode, to).map(|value| (value, to.scale))
    }

    #[test]
    fn modes() {
        assert_eq!(convert(12_345, 3, 2, Mode::Round), Some((1_235, 2)));
        assert_eq!(convert(-12_345, 3, 2, Mode::Round), Some((-1_235, 2)));
        assert_eq!(convert(12_349, 3, 2, Mode::Trunc), Some((1_234, 2)));
        assert_eq!(convert(-1, 1, 0, Mode::Ceil), Some((0, 0)));
        assert_eq!(convert(-1, 1, 0, Mode::Floor), Some((-1, 0)));
        assert_eq!(convert(1, 1, 0, Mode::Ceil), Some((1, 0)));
        assert_eq!(convert(-123, 1, 0, Mode::Sign), Some((-1, 0)));
    }

    #[test]
    fn places() {
        assert_eq!(convert(15, 1, 3, Mode::Round), Some((1_500, 3)));
        assert_eq!(convert(12_345, 1, -2, Mode::Round), Some((1_200, 0)));
        assert_eq!(convert(12_345, 1, -40, Mode::Round), Some((0, 0)));
        assert_eq!(convert(99, 1, 0, Mode::Round), Some((10, 0)));
    }

    #[test]
    fn types() {
        assert_eq!(digits(38, 10).with_places(Some(3)), digits(32, 3));
        assert_eq!(digits(38, 10).with_places(Some(20)), digits(38, 10));
        assert_eq!(digits(12, 4).with_places(Some(6)), digits(14, 6));
        assert_eq!(digits(12, 4).with_places(None), digits(13, 4));
        assert_eq!(digits(2, 2).with_places(Some(0)), digits(1, 0));
        assert_eq!(digits(38, 38).with_places(Some(50)), digits(38, 38));
    }

    #[test]
    fn what_does_not_fit() {
        let full = digits(38, 0);
        assert_eq!(full.convert(10_i128.pow(38) - 1, -1, Mode::Round, full.with_places(Some(-1))), None);
    }
}
