//! The type that values of several types have in common, as in the branches of IF or the elements of an array.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use crate::types::{is_binary, is_text};

/// `None` where there is none, such as for a number and an array. NULL fits everywhere; beside text all else becomes text.
pub(crate) fn common_type<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<DataType> {
    types.into_iter().try_fold(DataType::Null, |known, given| pair(&known, given))
}

/// The type of a number; text counts as double precision.
pub(crate) fn numeric_type<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<DataType> {
    types.into_iter().try_fold(DataType::Null, |known, given| {
        let given = if is_text(given) { &DataType::Float64 } else { given };
        pair(&known, given).filter(|found| found.is_numeric() || found.is_null())
    })
}

fn pair(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::*;
    Some(match (left, right) {
        (left, right) if left == right => left.clone(),
        (Null, other) | (other, Null) => other.clone(),
        (left, right) if left.is_numeric() && right.is_numeric() => numbers(left, right),
        (
            List(left) | LargeList(left) | FixedSizeList(left, _),
            List(right) | LargeList(right) | FixedSizeList(right, _),
        ) => List(Arc::new(
            left.as_ref().clone().with_data_type(pair(left.data_type(), right.data_type())?).with_nullable(true),
        )),
        (Struct(left), Struct(right)) if left.len() == right.len() => {
            let fields = left
                .iter()
                .zip(right)
                .map(|(left, right)| Some(Field::new(left.name(), pair(left.data_type(), right.data_type())?, true)));
            Struct(fields.collect::<Option<Fields>>()?)
        }
        (Map(left, _), Map(right, _)) => {
            let entries = pair(left.data_type(), right.data_type())?;
            let (Struct(given), Struct(fields)) = (left.data_type(), &entries) else { return None };
            // A map's keys are never NULL.
            let fields: Fields = fields
                .iter()
                .enumerate()
                .map(|(index, field)| field.as_ref().clone().with_nullable(index > 0).with_name(given[index].name()))
                .collect();
            Map(Arc::new(left.as_ref().clone().with_data_type(Struct(fields))), false)
        }
        (left, right) if is_binary(left) && is_binary(right) => Binary,
        (left, right) if left.is_nested() || right.is_nested() => return None,
        (Timestamp(..), Date32 | Date64) | (Date32 | Date64, Timestamp(..)) => Timestamp(TimeUnit::Microsecond, None),
        (Timestamp(left, zone), Timestamp(right, _)) => Timestamp((*left).max(*right), zone.clone()),
        (Date32 | Date64, Date32 | Date64) => Date32,
        (left, right) if is_text(left) || is_text(right) => Utf8,
        _ => return None,
    })
}

fn numbers(left: &DataType, right: &DataType) -> DataType {
    use DataType::*;
    if let (Some((left_digits, left_scale)), Some((right_digits, right_scale))) = (digits(left), digits(right)) {
        if left.is_integer() && right.is_integer() {
            return if rank(left) >= rank(right) { left.clone() } else { right.clone() };
        }
        let scale = left_scale.max(right_scale);
        let whole = (left_digits - left_scale).max(right_digits - right_scale);
        return Decimal128((whole + scale).min(38) as u8, scale as i8);
    }
    match (left, right) {
        (Float32, other) | (other, Float32) if other.is_integer() => Float32,
        _ => Float64,
    }
}

/// The digits of a decimal or a whole number, and how many of them stand behind the point.
fn digits(data_type: &DataType) -> Option<(i32, i32)> {
    Some(match data_type {
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            (i32::from(*precision), i32::from(*scale))
        }
        DataType::Int8 | DataType::UInt8 => (3, 0),
        DataType::Int16 | DataType::UInt16 => (5, 0),
        DataType::Int32 | DataType::UInt32 => (10, 0),
        DataType::Int64 | DataType::UInt64 => (19, 0),
        _ => return None,
    })
}

fn rank(data_type: &DataType) -> usize {
    use DataType::*;
    [Int8, UInt8, Int16, UInt16, Int32, UInt32, Int64, UInt64].iter().position(|known| known == data_type).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_meet_where_hive_says() {
        use DataType::*;
        for (types, common) in [
            (vec![Int8, Int64, Int32], Some(Int64)),
            (vec![Null, Int32], Some(Int32)),
            (vec![Int32, Utf8View], Some(Utf8)),
            (vec![Int32, Decimal128(5, 2)], Some(Decimal128(12, 2))),
            (vec![Decimal128(5, 2), Float64], Some(Float64)),
            (vec![Date32, Timestamp(TimeUnit::Second, None)], Some(Timestamp(TimeUnit::Microsecond, None))),
            (vec![Boolean, Int32], None),
            (vec![DataType::new_list(Int32, true), Int32], None),
            (
                vec![DataType::new_list(Int32, true), DataType::new_list(Int64, true)],
                Some(DataType::new_list(Int64, true)),
            ),
        ] {
            assert_eq!(common_type(&types), common, "{types:?}");
        }
        assert_eq!(numeric_type(&[Int32, Utf8]), Some(Float64));
        assert_eq!(numeric_type(&[Boolean]), None);
    }
}
