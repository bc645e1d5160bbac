//! The rows that training reads, sorted into one dataset a group and call while they stream in.

use std::collections::HashMap;

use datafusion::arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::error::Result;
use mead_common::Diagnostic;
use mead_ml::DatasetBuilder;

use super::node::TrainCall;
use super::spill::Spill;
use crate::error::into_datafusion;

/// One group: the values of its grouping columns, and a dataset for each call.
pub(super) struct Group {
    pub key: Option<OwnedRow>,
    pub datasets: Vec<DatasetBuilder>,
}

/// Collects batches.
pub(super) struct Rows {
    groups: usize,
    calls: Vec<TrainCall>,
    converter: Option<RowConverter>,
    index: HashMap<OwnedRow, usize>,
    found: Vec<Group>,
}

impl Rows {
    pub(super) fn new(input: &Schema, groups: usize, calls: Vec<TrainCall>) -> Result<Self> {
        let converter = if groups == 0 {
            None
        } else {
            let fields = input.fields()[..groups].iter().map(|field| SortField::new(field.data_type().clone()));
            Some(RowConverter::new(fields.collect())?)
        };
        let mut rows = Self { groups, calls, converter, index: HashMap::new(), found: Vec::new() };
        if groups == 0 {
            // Without GROUP BY there is one group, rows or not.
            rows.add_group(None);
        }
        Ok(rows)
    }

    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(converter) = &self.converter else {
            return self.push_to(0, batch.columns());
        };
        let keys = converter.convert_columns(&batch.columns()[..self.groups])?;
        let mut members: HashMap<usize, Vec<u32>> = HashMap::new();
        for (row, key) in keys.iter().enumerate() {
            let group = match self.index.get(&key.owned()) {
                Some(&group) => group,
                None => {
                    let group = self.add_group(Some(key.owned()));
                    self.index.insert(key.owned(), group);
                    group
                }
            };
            members.entry(group).or_default().push(row as u32);
        }
        for (group, rows) in members {
            let rows = UInt32Array::from(rows);
            let columns: Vec<ArrayRef> =
                batch.columns().iter().map(|column| take(column, &rows, None)).collect::<Result<_, _>>()?;
            self.push_to(group, &columns)?;
        }
        Ok(())
    }

    /// Bytes held, for the memory reservation.
    pub(super) fn memory_bytes(&self) -> usize {
        let datasets = self.found.iter().flat_map(|group| &group.datasets);
        let keys: usize = self.index.keys().map(|key| 2 * key.as_ref().len() + 64).sum();
        datasets.map(DatasetBuilder::memory_bytes).sum::<usize>() + keys
    }

    /// Brings the features of the largest datasets to the statement's file, until half of the memory is free. False if there
    /// are none left. Blocks.
    pub(super) fn make_room(&mut self, spill: &Spill) -> Result<bool, Diagnostic> {
        spill_largest(&mut self.found, spill)
    }

    /// The groups in order of first appearance, and what turns their keys back into columns.
    pub(super) fn finish(self) -> (Vec<Group>, Option<RowConverter>) {
        (self.found, self.converter)
    }

    fn add_group(&mut self, key: Option<OwnedRow>) -> usize {
        let datasets = self.calls.iter().map(|_| DatasetBuilder::new()).collect();
        self.found.push(Group { key, datasets });
        self.found.len() - 1
    }

    fn push_to(&mut self, group: usize, columns: &[ArrayRef]) -> Result<()> {
        let mut start = self.groups;
        for (call, dataset) in self.calls.iter().zip(&mut self.found[group].datasets) {
            let columns = &columns[start..start + call.width()];
            start += call.width();
            let (label, features) = columns
                .split_last()
                .ok_or_else(|| into_datafusion(Diagnostic::internal("a TRAIN call without columns")))?;
            let features: Vec<ArrayRef> =
                features.iter().map(mead_functions::tensor::flatten).collect::<Result<_>>()?;
            dataset.push(&features, label).map_err(|error| into_datafusion(Diagnostic::from(error)))?;
        }
        Ok(())
    }
}

/// Spills the largest datasets, until half of what they all held is free; false if none holds rows in memory.
pub(super) fn spill_largest(groups: &mut [Group], spill: &Spill) -> Result<bool, Diagnostic> {
    let mut datasets: Vec<&mut DatasetBuilder> = groups.iter_mut().flat_map(|group| &mut group.datasets).collect();
    datasets.sort_by_key(|dataset| std::cmp::Reverse(dataset.spillable_bytes()));
    let enough = datasets.iter().map(|dataset| dataset.spillable_bytes()).sum::<usize>().div_ceil(2);
    let mut freed = 0;
    for dataset in datasets {
        if freed >= enough {
            break;
        }
        freed += dataset.spillable_bytes();
        dataset.spill(&spill.space()?, spill.statement().flag())?;
    }
    Ok(freed > 0)
}

/// The grouping columns of the output, from the groups' keys.
pub(super) fn group_columns(converter: Option<&RowConverter>, keys: &[OwnedRow]) -> Result<Vec<ArrayRef>> {
    match converter {
        None => Ok(Vec::new()),
        Some(converter) => Ok(converter.convert_rows(keys.iter().map(OwnedRow::row))?),
    }
}
