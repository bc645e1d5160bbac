//! Accumulators of numbers that are given text. What is no number counts as 0 in Hive's sum and avg, as it catches Java's
//! exception after it has counted the row.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Float64Array};
use datafusion::error::Result;
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};
use datafusion::scalar::ScalarValue;

use crate::hive::convert::number;

/// The numbers that texts say.
fn read(values: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let one = |values: &ArrayRef| -> Result<ArrayRef> {
        let nulls = values.logical_nulls();
        let known = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        let numbers = number::doubles(values)?.into_iter().enumerate();
        let numbers = numbers.map(|(row, number)| number.or_else(|| known(row).then_some(0.0)));
        Ok(Arc::new(numbers.collect::<Float64Array>()))
    };
    values.iter().map(one).collect()
}

#[derive(Debug)]
pub(super) struct Reading(pub Box<dyn Accumulator>);

impl Accumulator for Reading {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(&read(values)?)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.retract_batch(&read(values)?)
    }

    fn supports_retract_batch(&self) -> bool {
        self.0.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.evaluate()
    }

    fn size(&self) -> usize {
        self.0.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(states)
    }
}

pub(super) struct ReadingGroups(pub Box<dyn GroupsAccumulator>);

impl GroupsAccumulator for ReadingGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        group_count: usize,
    ) -> Result<()> {
        self.0.update_batch(&read(values)?, groups, filter, group_count)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.0.evaluate(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.0.state(emit_to)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], group_count: usize) -> Result<()> {
        self.0.merge_batch(states, groups, group_count)
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        self.0.convert_to_state(&read(values)?, filter)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
