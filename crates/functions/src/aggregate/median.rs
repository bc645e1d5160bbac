//! median(x): DataFusion's function, with a faster way of handing the values of groups from one stage to the next.
//!
//! A median needs all values. DataFusion's accumulator passes them on one by one; here they are copied a group at a time.
//! Types other than floats are DataFusion's.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, ArrowNativeTypeOp, ArrowNumericType, AsArray, BooleanArray, ListArray, PrimitiveArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{ArrowNativeType, DataType, Field, FieldRef, Float32Type, Float64Type};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions_aggregate::median::Median as Inner;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, EmitTo, GroupsAccumulator, Signature,
};

/// `median(number)`
pub(super) fn function() -> AggregateUDF {
    AggregateUDF::from(Median { inner: Inner::new() })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Median {
    inner: Inner,
}

impl AggregateUDFImpl for Median {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        self.inner.accumulator(args)
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs) -> bool {
        self.inner.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn GroupsAccumulator>> {
        match args.expr_fields[0].data_type() {
            DataType::Float32 => Ok(Box::new(Groups::<Float32Type>::default())),
            DataType::Float64 => Ok(Box::new(Groups::<Float64Type>::default())),
            _ => self.inner.create_groups_accumulator(args),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }
}

/// The values of each group.
#[derive(Debug)]
struct Groups<T: ArrowNumericType> {
    values: Vec<Vec<T::Native>>,
}

impl<T: ArrowNumericType> Default for Groups<T> {
    fn default() -> Self {
        Self { values: Vec::new() }
    }
}

impl<T: ArrowNumericType> GroupsAccumulator for Groups<T> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        group_count: usize,
    ) -> Result<()> {
        self.values.resize(group_count, Vec::new());
        let values = values[0].as_primitive::<T>();
        let numbers = values.values();
        match kept(values, filter) {
            None => {
                for (&group, &number) in groups.iter().zip(numbers) {
                    self.values[group].push(number);
                }
            }
            Some(kept) => {
                for row in kept.valid_indices() {
                    self.values[groups[row]].push(numbers[row]);
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let groups = emit_to.take_needed(&mut self.values);
        let medians: PrimitiveArray<T> = groups.into_iter().map(|mut values| median::<T>(&mut values)).collect();
        Ok(Arc::new(medians))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = emit_to.take_needed(&mut self.values);
        let count: usize = groups.iter().map(Vec::len).sum();
        let mut values = Vec::with_capacity(count);
        let mut offsets = Vec::with_capacity(groups.len() + 1);
        offsets.push(0);
        for group in groups {
            values.extend_from_slice(&group);
            offsets.push(i32::try_from(values.len()).map_err(|_| {
                DataFusionError::ResourcesExhausted(format!("median of more than {} values at a time", i32::MAX))
            })?);
        }
        list::<T>(values.into(), offsets, None)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], group_count: usize) -> Result<()> {
        self.values.resize(group_count, Vec::new());
        let lists = states[0].as_list::<i32>();
        let numbers = lists.values().as_primitive::<T>().values();
        for (row, (&group, range)) in groups.iter().zip(lists.value_offsets().windows(2)).enumerate() {
            if lists.is_valid(row) {
                self.values[group].extend_from_slice(&numbers[range[0].as_usize()..range[1].as_usize()]);
            }
        }
        Ok(())
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let values = values[0].as_primitive::<T>();
        let count = i32::try_from(values.len()).map_err(|error| DataFusionError::External(Box::new(error)))?;
        list::<T>(values.values().clone(), (0..=count).collect(), kept(values, filter))
    }

    fn size(&self) -> usize {
        let values: usize = self.values.iter().map(Vec::capacity).sum();
        values * size_of::<T::Native>() + self.values.capacity() * size_of::<Vec<T::Native>>()
    }
}

/// The rows that are not NULL and pass the filter; none if all do.
fn kept(values: &dyn Array, filter: Option<&BooleanArray>) -> Option<NullBuffer> {
    let passed = filter.map(|filter| {
        let passed = filter.values().clone();
        NullBuffer::new(match filter.nulls() {
            Some(nulls) => &passed & nulls.inner(),
            None => passed,
        })
    });
    NullBuffer::union(passed.as_ref(), values.nulls()).filter(|kept| kept.null_count() > 0)
}

fn list<T: ArrowNumericType>(
    values: ScalarBuffer<T::Native>,
    offsets: Vec<i32>,
    nulls: Option<NullBuffer>,
) -> Result<Vec<ArrayRef>> {
    let field = Arc::new(Field::new_list_field(T::DATA_TYPE, true));
    let values = Arc::new(PrimitiveArray::<T>::try_new(values, None)?);
    Ok(vec![Arc::new(ListArray::try_new(field, OffsetBuffer::new(offsets.into()), values, nulls)?)])
}

/// The middle value in the order that puts NaN last; of two middle ones what lies between them.
fn median<T: ArrowNumericType>(values: &mut [T::Native]) -> Option<T::Native> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let odd = values.len() % 2 == 1;
    let (low, &mut high, _) = values.select_nth_unstable_by(middle, |left, right| left.compare(*right));
    if odd {
        return Some(high);
    }
    let low = low.iter().copied().reduce(|most, value| if value.compare(most).is_gt() { value } else { most })?;
    // Halved first: the sum of two large floats may be infinite.
    let two = T::Native::usize_as(2);
    Some(low.div_wrapping(two).add_wrapping(high.div_wrapping(two)))
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Float64Array;

    use super::*;

    fn column(values: &[Option<f64>]) -> ArrayRef {
        Arc::new(Float64Array::from(values.to_vec()))
    }

    fn medians(groups: &mut Groups<Float64Type>) -> Vec<Option<f64>> {
        groups.evaluate(EmitTo::All).unwrap().as_primitive::<Float64Type>().iter().collect()
    }

    #[test]
    fn values_pass_through_a_state() {
        let mut first = Groups::<Float64Type>::default();
        let values = column(&[Some(5.0), None, Some(1.0), Some(2.0), Some(9.0)]);
        let filter = BooleanArray::from(vec![Some(true), Some(true), Some(true), Some(true), None]);
        first.update_batch(&[values], &[0, 0, 1, 0, 0], Some(&filter), 3).unwrap();
        first.update_batch(&[column(&[Some(4.0)])], &[1], None, 3).unwrap();
        let mut second = Groups::<Float64Type>::default();
        second.merge_batch(&first.state(EmitTo::All).unwrap(), &[2, 0, 1], 3).unwrap();
        let single = second.convert_to_state(&[column(&[Some(3.0), None])], None).unwrap();
        second.merge_batch(&single, &[2, 2], 3).unwrap();
        assert_eq!(medians(&mut second), [Some(2.5), None, Some(3.0)]);
    }

    #[test]
    fn states_that_are_slices_are_read() {
        let groups = Groups::<Float64Type>::default();
        let state = groups.convert_to_state(&[column(&[Some(1.0), Some(2.0), Some(3.0)])], None).unwrap();
        let mut merged = Groups::<Float64Type>::default();
        merged.merge_batch(&[state[0].slice(1, 2)], &[0, 1], 2).unwrap();
        assert_eq!(medians(&mut merged), [Some(2.0), Some(3.0)]);
    }

    #[test]
    fn extremes() {
        assert_eq!(median::<Float64Type>(&mut [f64::MAX, f64::MAX]), Some(f64::MAX));
        assert_eq!(median::<Float64Type>(&mut [f64::NAN, 1.0, 2.0]), Some(2.0));
        assert_eq!(median::<Float64Type>(&mut [-3.0]), Some(-3.0));
        assert_eq!(median::<Float64Type>(&mut []), None);
    }
}
