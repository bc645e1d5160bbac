//! Sums in 128 bits: of one group, of many, and of distinct values. Each state is a decimal of 38 digits.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Decimal128Array, Int64Array, PrimitiveArray,
};
use datafusion::arrow::datatypes::{DataType, Decimal128Type, DecimalType};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion::scalar::ScalarValue;
use mead_common::{Diagnostic, sqlstate};

use crate::error::external;

/// The precision of a state, which is not held against it: 128 bits hold a little more.
const PRECISION: u8 = 38;

fn out_of_range(message: &str) -> DataFusionError {
    external(Diagnostic::new(sqlstate::NUMERIC_VALUE_OUT_OF_RANGE, message))
}

fn plus(total: i128, value: i128) -> Result<i128> {
    total.checked_add(value).ok_or_else(|| out_of_range("value overflows numeric format"))
}

/// Totals as values of the type `result`, bigint or numeric.
fn finish(totals: impl Iterator<Item = Option<i128>>, result: &DataType) -> Result<ArrayRef> {
    match result {
        DataType::Int64 => {
            let fit = |total: i128| i64::try_from(total).map_err(|_| out_of_range("bigint out of range"));
            Ok(Arc::new(totals.map(|total| total.map(fit).transpose()).collect::<Result<Int64Array>>()?))
        }
        DataType::Decimal128(precision, scale) => {
            let fit = |total: i128| match Decimal128Type::is_valid_decimal_precision(total, *precision) {
                true => Ok(total),
                false => Err(out_of_range("value overflows numeric format")),
            };
            let totals = totals.map(|total| total.map(fit).transpose()).collect::<Result<Decimal128Array>>()?;
            Ok(Arc::new(totals.with_precision_and_scale(*precision, *scale)?))
        }
        other => Err(DataFusionError::Internal(format!("a sum of whole numbers cannot be {other}"))),
    }
}

fn states(totals: impl Iterator<Item = Option<i128>>, scale: i8) -> Result<ArrayRef> {
    Ok(Arc::new(totals.collect::<Decimal128Array>().with_precision_and_scale(PRECISION, scale)?))
}

/// The sum of one group. Rows may leave it again, as a window's frame moves on.
pub(super) struct Total<T> {
    total: i128,
    /// How many values are in the sum; without any it is NULL.
    count: u64,
    result: DataType,
    scale: i8,
    values: PhantomData<fn() -> T>,
}

impl<T> Total<T> {
    pub fn new(result: DataType, scale: i8) -> Self {
        Self { total: 0, count: 0, result, scale, values: PhantomData }
    }

    fn get(&self) -> Option<i128> {
        (self.count > 0).then_some(self.total)
    }
}

impl<T> fmt::Debug for Total<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Total").field("total", &self.total).field("count", &self.count).finish_non_exhaustive()
    }
}

/// The sum of a column's values.
fn sum<T>(values: &PrimitiveArray<T>) -> Result<i128>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i128>,
{
    // 64 bits cannot overflow 128 in one batch.
    let small = size_of::<T::Native>() <= 8;
    match (values.null_count(), small) {
        (0, true) => Ok(values.values().iter().map(|value| -> i128 { (*value).into() }).sum()),
        (_, true) => Ok(values.iter().flatten().map(|value| -> i128 { value.into() }).sum()),
        (_, false) => values.iter().flatten().try_fold(0, |total, value| plus(total, value.into())),
    }
}

impl<T> Accumulator for Total<T>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i128>,
{
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        self.total = plus(self.total, sum(values)?)?;
        self.count += (values.len() - values.null_count()) as u64;
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        ScalarValue::try_from_array(&finish(std::iter::once(self.get()), &self.result)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Decimal128(self.get(), PRECISION, self.scale)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for total in states[0].as_primitive::<Decimal128Type>().iter().flatten() {
            self.total = plus(self.total, total)?;
            self.count += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<T>();
        let gone = sum(values)?;
        self.total = self.total.checked_sub(gone).ok_or_else(|| out_of_range("value overflows numeric format"))?;
        self.count -= (values.len() - values.null_count()) as u64;
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }
}

/// The sum of one group's distinct values.
pub(super) struct Distinct<T> {
    /// How many times each value came.
    seen: HashMap<i128, u64>,
    result: DataType,
    scale: i8,
    values: PhantomData<fn() -> T>,
}

impl<T> Distinct<T> {
    pub fn new(result: DataType, scale: i8) -> Self {
        Self { seen: HashMap::new(), result, scale, values: PhantomData }
    }
}

impl<T> fmt::Debug for Distinct<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distinct").field("seen", &self.seen.len()).finish_non_exhaustive()
    }
}

impl<T> Accumulator for Distinct<T>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i128>,
{
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<T>().iter().flatten() {
            *self.seen.entry(value.into()).or_default() += 1;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let total = match self.seen.is_empty() {
            true => None,
            false => Some(self.seen.keys().try_fold(0, |total, value| plus(total, *value))?),
        };
        ScalarValue::try_from_array(&finish(std::iter::once(total), &self.result)?, 0)
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.seen.capacity() * size_of::<(i128, u64)>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> =
            self.seen.keys().map(|value| ScalarValue::Decimal128(Some(*value), PRECISION, self.scale)).collect();
        let list = ScalarValue::new_list_nullable(&values, &DataType::Decimal128(PRECISION, self.scale));
        Ok(vec![ScalarValue::List(list)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for values in states[0].as_list::<i32>().iter().flatten() {
            for value in values.as_primitive::<Decimal128Type>().iter().flatten() {
                *self.seen.entry(value).or_default() += 1;
            }
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        for value in values[0].as_primitive::<T>().iter().flatten() {
            let value = value.into();
            if let Some(count) = self.seen.get_mut(&value) {
                *count -= 1;
                if *count == 0 {
                    self.seen.remove(&value);
                }
            }
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }
}

/// The sum of each group.
pub(super) struct Groups<T> {
    totals: Vec<i128>,
    /// Groups without a value are NULL.
    seen: Vec<bool>,
    result: DataType,
    scale: i8,
    values: PhantomData<fn() -> T>,
}

impl<T> Groups<T> {
    pub fn new(result: DataType, scale: i8) -> Self {
        Self { totals: Vec::new(), seen: Vec::new(), result, scale, values: PhantomData }
    }

    fn resize(&mut self, group_count: usize) {
        self.totals.resize(group_count, 0);
        self.seen.resize(group_count, false);
    }

    fn add(&mut self, group: usize, value: i128) -> Result<()> {
        self.totals[group] = plus(self.totals[group], value)?;
        self.seen[group] = true;
        Ok(())
    }

    fn take(&mut self, emit_to: EmitTo) -> impl Iterator<Item = Option<i128>> + use<T> {
        let seen = emit_to.take_needed(&mut self.seen);
        emit_to.take_needed(&mut self.totals).into_iter().zip(seen).map(|(total, seen)| seen.then_some(total))
    }
}

impl<T> fmt::Debug for Groups<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").field("groups", &self.totals.len()).finish_non_exhaustive()
    }
}

fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl<T> GroupsAccumulator for Groups<T>
where
    T: ArrowPrimitiveType,
    T::Native: Into<i128>,
{
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        group_count: usize,
    ) -> Result<()> {
        self.resize(group_count);
        let values = values[0].as_primitive::<T>();
        if filter.is_none() && values.null_count() == 0 {
            for (&group, &value) in groups.iter().zip(values.values()) {
                self.add(group, value.into())?;
            }
            return Ok(());
        }
        for (row, (&group, value)) in groups.iter().zip(values).enumerate() {
            if let Some(value) = value
                && passes(filter, row)
            {
                self.add(group, value.into())?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let totals = self.take(emit_to);
        finish(totals, &self.result)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![states(self.take(emit_to), self.scale)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], group_count: usize) -> Result<()> {
        self.resize(group_count);
        for (&group, total) in groups.iter().zip(states[0].as_primitive::<Decimal128Type>()) {
            if let Some(total) = total {
                self.add(group, total)?;
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<T>().iter().enumerate();
        let kept = values.map(|(row, value)| value.filter(|_| passes(filter, row)).map(Into::into));
        Ok(vec![states(kept, self.scale)?])
    }

    fn size(&self) -> usize {
        self.totals.capacity() * size_of::<i128>() + self.seen.capacity()
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::Int64Type;

    use super::*;

    const NUMERIC: DataType = DataType::Decimal128(38, 0);

    fn column(values: &[Option<i64>]) -> ArrayRef {
        Arc::new(Int64Array::from(values.to_vec()))
    }

    #[test]
    fn a_sum_leaves_the_range_of_its_values() {
        let values = column(&[Some(i64::MAX), Some(i64::MAX), None]);
        let mut total = Total::<Int64Type>::new(NUMERIC, 0);
        total.update_batch(&[Arc::clone(&values)]).unwrap();
        assert_eq!(total.evaluate().unwrap(), ScalarValue::Decimal128(Some(2 * i128::from(i64::MAX)), 38, 0));
        let mut narrow = Total::<Int64Type>::new(DataType::Int64, 0);
        narrow.update_batch(&[Arc::clone(&values)]).unwrap();
        assert!(narrow.evaluate().is_err());
        // It comes back into the range as rows leave the frame.
        narrow.retract_batch(&[column(&[Some(i64::MAX), None])]).unwrap();
        assert_eq!(narrow.evaluate().unwrap(), ScalarValue::Int64(Some(i64::MAX)));
        narrow.retract_batch(&[column(&[Some(i64::MAX)])]).unwrap();
        assert_eq!(narrow.evaluate().unwrap(), ScalarValue::Int64(None));
    }

    #[test]
    fn groups_pass_through_states() {
        let mut groups = Groups::<Int64Type>::new(DataType::Int64, 0);
        let filter = BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]);
        let values = column(&[Some(1), Some(2), Some(4), None]);
        groups.update_batch(&[Arc::clone(&values)], &[0, 0, 1, 2], Some(&filter), 3).unwrap();
        let states = groups.state(EmitTo::All).unwrap();
        let mut merged = Groups::<Int64Type>::new(DataType::Int64, 0);
        merged.merge_batch(&states, &[1, 0, 0], 2).unwrap();
        let converted = merged.convert_to_state(&[values], Some(&filter)).unwrap();
        merged.merge_batch(&converted, &[1, 1, 0, 0], 2).unwrap();
        let sums = merged.evaluate(EmitTo::All).unwrap();
        assert_eq!(sums.as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [None, Some(2)]);
    }

    #[test]
    fn distinct_values_pass_through_states() {
        let mut first = Distinct::<Int64Type>::new(NUMERIC, 0);
        first.update_batch(&[column(&[Some(3), Some(3), None, Some(4)])]).unwrap();
        let state = first.state().unwrap()[0].to_array().unwrap();
        let mut second = Distinct::<Int64Type>::new(NUMERIC, 0);
        second.update_batch(&[column(&[Some(4)])]).unwrap();
        second.merge_batch(&[state]).unwrap();
        assert_eq!(second.evaluate().unwrap(), ScalarValue::Decimal128(Some(7), 38, 0));
    }

    #[test]
    fn decimals_do_not_wrap_around() {
        let most = Decimal128Array::from(vec![10_i128.pow(38) - 1; 2]).with_precision_and_scale(38, 0).unwrap();
        let mut total = Total::<Decimal128Type>::new(NUMERIC, 0);
        assert!(total.update_batch(&[Arc::new(most)]).is_err());
    }
}
