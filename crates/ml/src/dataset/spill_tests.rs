//! Spilled datasets: the same model whatever was spilled when, and every failure of the file told.

use std::io;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, FixedSizeListArray, Float32Array, Int64Array, StringArray, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field};
use mead_common::{CancelFlag, CancelReason, Diagnostic, sqlstate};
use parking_lot::Mutex;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::train::{OptimizerKind, TrainOptions, TrainedNetwork, train};

const WIDTH: usize = 12;

/// A file in memory that may be full.
#[derive(Debug, Clone)]
struct MemoryFile {
    bytes: Arc<Mutex<Vec<u8>>>,
    most: usize,
}

impl SpillFile for MemoryFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (start, end) = (offset as usize, offset as usize + bytes.len());
        if end > self.most {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
        }
        let mut all = self.bytes.lock();
        let len = all.len().max(end);
        all.resize(len, 0);
        all[start..end].copy_from_slice(bytes);
        Ok(())
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let all = self.bytes.lock();
        let found = all.get(offset as usize..offset as usize + bytes.len());
        bytes.copy_from_slice(found.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }

    fn place(&self) -> String {
        "/spill/rows".to_owned()
    }
}

fn file(most: usize) -> (MemoryFile, Arc<SpillSpace>) {
    let file = MemoryFile { bytes: Arc::default(), most };
    (file.clone(), Arc::new(SpillSpace::new(Box::new(file))))
}

/// Rows of three classes, some of them twice.
fn rows(count: usize) -> (ArrayRef, ArrayRef) {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for row in 0..count {
        if row % 50 == 49 {
            values.extend_from_within(values.len() - WIDTH..);
            labels.extend_from_within(labels.len() - 1..);
            continue;
        }
        let class = random.random_range(0..3_usize);
        values.extend(
            (0..WIDTH).map(|place| random.random_range(0.0..1.0_f32) + f32::from(u8::from(place % 3 == class))),
        );
        labels.push(["red", "green", "blue"][class]);
    }
    let field = Arc::new(Field::new_list_field(DataType::Float32, true));
    let values = Arc::new(Float32Array::from(values));
    let features = FixedSizeListArray::new(field, WIDTH as i32, values, None);
    (Arc::new(features), Arc::new(StringArray::from(labels)))
}

/// A dataset of batches of `batch` rows, spilled after every `every`-th of them.
fn dataset((features, labels): &(ArrayRef, ArrayRef), batch: usize, every: usize, space: &Arc<SpillSpace>) -> Dataset {
    let mut builder = DatasetBuilder::new();
    for (number, start) in (0..labels.len()).step_by(batch).enumerate() {
        let count = batch.min(labels.len() - start);
        builder.push(&[features.slice(start, count)], &labels.slice(start, count)).unwrap();
        if number % every == every - 1 {
            builder.spill(space, &CancelFlag::new()).unwrap();
            assert_eq!(builder.spillable_bytes(), 0);
        }
    }
    builder.finish(LabelKind::Auto).unwrap()
}

fn options(layers: &[&str]) -> TrainOptions {
    TrainOptions {
        layers: Some(layers.iter().map(ToString::to_string).collect()),
        input_shape: Some(vec![WIDTH]),
        epochs: 3,
        seed: Some(7),
        learning_rate: Some(0.01),
        validation_fraction: 0.13,
        ..TrainOptions::default()
    }
}

const NET: [&str; 2] = ["dense(8, relu)", "dense(3, softmax)"];

fn trained(dataset: &Dataset, options: &TrainOptions) -> TrainedNetwork {
    train(dataset, options, &mut |_| Ok(()), &CancelFlag::new()).unwrap()
}

#[test]
fn the_same_model_whatever_was_spilled_when() {
    let rows = rows(3000);
    let mut order: Vec<u32> = (0..3000).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
    let order = UInt32Array::from(order);
    let shuffled = (take(&rows.0, &order, None).unwrap(), take(&rows.1, &order, None).unwrap());
    for layers in [&NET[..], &["dense(8)", "batchnorm", "relu", "dropout(0.2)", "dense(3, softmax)"]] {
        for batch_size in [32, 500] {
            let options = |threads| TrainOptions { threads, batch_size, ..options(layers) };
            let first = trained(&dataset(&rows, 100, 3, &file(usize::MAX).1), &options(1));
            for (rows, batch, every, threads) in [(&rows, 3000, 1, 3), (&shuffled, 77, 1, 2), (&shuffled, 64, 40, 1)] {
                let other = trained(&dataset(rows, batch, every, &file(usize::MAX).1), &options(threads));
                assert_eq!(first.parameters, other.parameters);
                let losses = |network: &TrainedNetwork| -> Vec<_> {
                    network.history.iter().map(|epoch| (epoch.rows, epoch.loss, epoch.validation_loss)).collect()
                };
                assert_eq!(losses(&first), losses(&other));
            }
            let mut late = dataset(&rows, 100, usize::MAX, &file(0).1);
            let in_memory = trained(&late, &options(2));
            assert!(!late.is_spilled());
            late.spill(&file(usize::MAX).1, &CancelFlag::new()).unwrap();
            assert!(late.is_spilled());
            assert_eq!(trained(&late, &options(2)).parameters, first.parameters);
            let (found, expected) = (first.history.last().unwrap(), in_memory.history.last().unwrap());
            assert_eq!((found.rows, found.rows), (expected.rows, 3000 - 390));
            assert!(found.validation_accuracy.unwrap() > expected.validation_accuracy.unwrap() - 0.05, "{found:?}");
        }
    }
}

#[test]
fn every_row_is_learned_from_once_an_epoch() {
    // One batch over all rows: the order makes no difference but for rounding, a row left out or taken twice does.
    let rows = rows(2500);
    let options = TrainOptions { optimizer: OptimizerKind::GradientDescent, learning_rate: Some(0.5), ..options(&NET) };
    let options = TrainOptions { validation_fraction: 0.0, epochs: 20, ..options };
    let memory = trained(&dataset(&rows, 100, usize::MAX, &file(0).1), &options);
    let spilled = trained(&dataset(&rows, 100, 2, &file(usize::MAX).1), &options);
    for (left, right) in memory.parameters.iter().zip(&spilled.parameters) {
        assert!((left - right).abs() < 1e-4, "{left}, {right}");
    }
}

#[test]
fn early_stopping_goes_back_to_the_best_epoch() {
    let rows = rows(1000);
    let options =
        TrainOptions { early_stopping: true, patience: 1, epochs: 50, learning_rate: Some(0.3), ..options(&NET) };
    let data = dataset(&rows, 100, 2, &file(usize::MAX).1);
    let found = trained(&data, &options);
    assert!(found.history.len() < 50);
    let best = found.history.len() - 1;
    let again = TrainOptions { early_stopping: false, epochs: best, ..options };
    assert_eq!(trained(&data, &again).parameters, found.parameters);
}

#[test]
fn bytes_stay_bytes_in_the_file_until_floats_come() {
    let bytes: Vec<[u8; 4]> = (0..600_u32).map(|row| row.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let labels = |count: i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values((0..count).map(|row| row % 2))) };
    let (file, space) = file(usize::MAX);
    let mut builder = DatasetBuilder::new();
    let column: ArrayRef = Arc::new(BinaryArray::from_iter_values(&bytes));
    builder.push(&[column], &labels(600)).unwrap();
    builder.spill(&space, &CancelFlag::new()).unwrap();
    assert_eq!(file.bytes.lock().len(), 600 * (16 + 4));
    assert_eq!(space.bytes(), 600 * (16 + 4));
    let field = Arc::new(Field::new_list_field(DataType::Float32, true));
    let floats = Arc::new(Float32Array::from(vec![0.5; 40]));
    let floats: ArrayRef = Arc::new(FixedSizeListArray::new(field, 4, floats, None));
    builder.push(&[floats], &labels(10)).unwrap();
    let dataset = builder.finish(LabelKind::Auto).unwrap();
    let spilled = dataset.spilled().unwrap();
    let all: Vec<usize> = (0..PARTITIONS).collect();
    let window = spilled.read(spilled.all(), &all, &CancelFlag::new()).unwrap();
    assert_eq!(window.rows(), 610);
    for row in 0..610 {
        let mut found = [0.0; 4];
        window.row(row).copy_to(&mut found);
        let expected = bytes.get(window.number(row)).map_or([0.5; 4], |bytes| bytes.map(f32::from));
        assert_eq!(found, expected);
    }
}

#[test]
fn a_full_disk_is_told_with_the_place() {
    let rows = rows(1000);
    let (_, space) = file(20_000);
    let mut builder = DatasetBuilder::new();
    builder.push(&[Arc::clone(&rows.0)], &rows.1).unwrap();
    let error = Diagnostic::from(builder.spill(&space, &CancelFlag::new()).unwrap_err());
    assert_eq!(error.sqlstate, sqlstate::DISK_FULL);
    assert_eq!(error.message, "could not write to the spill file /spill/rows: no space left on device");
    // Rows that are validated with are written when training begins.
    let (_, space) = file(1000 * (16 + 4 * WIDTH));
    let dataset = dataset(&rows, 1000, 1, &space);
    let error = train(&dataset, &options(&NET), &mut |_| Ok(()), &CancelFlag::new()).unwrap_err();
    assert_eq!(Diagnostic::from(error).sqlstate, sqlstate::DISK_FULL);
}

#[test]
fn a_file_that_is_not_what_was_written_is_told() {
    let rows = rows(1000);
    let fails = |damage: &dyn Fn(&mut Vec<u8>)| {
        let (file, space) = file(usize::MAX);
        let dataset = dataset(&rows, 1000, 1, &space);
        damage(&mut file.bytes.lock());
        let error = train(&dataset, &options(&NET), &mut |_| Ok(()), &CancelFlag::new()).unwrap_err();
        let error = Diagnostic::from(error);
        assert_eq!(error.sqlstate, sqlstate::IO_ERROR);
        error.message
    };
    let cut = fails(&|bytes| bytes.truncate(bytes.len() - 1));
    assert!(cut.starts_with("could not read the spill file /spill/rows: "), "{cut}");
    let changed = fails(&|bytes| *bytes.last_mut().unwrap() ^= 1);
    assert_eq!(changed, "could not read the spill file /spill/rows: it is not what was written");
}

#[test]
fn a_cancelled_training_ends() {
    let rows = rows(1000);
    let data = dataset(&rows, 100, 1, &file(usize::MAX).1);
    let cancel = CancelFlag::new();
    let mut observe = |_: &crate::EpochReport| {
        cancel.cancel(CancelReason::User);
        Ok(())
    };
    let options = TrainOptions { epochs: 1_000_000, ..options(&NET) };
    let error = train(&data, &options, &mut observe, &cancel).unwrap_err();
    assert!(matches!(error, Error::Cancelled(..)), "{error}");
    let mut builder = DatasetBuilder::new();
    builder.push(&[Arc::clone(&rows.0)], &rows.1).unwrap();
    assert!(matches!(builder.spill(&file(usize::MAX).1, &cancel), Err(Error::Cancelled(..))));
}

#[test]
fn what_needs_all_rows_in_memory_is_refused_by_name() {
    let data = dataset(&rows(500), 100, 1, &file(usize::MAX).1);
    let layers = ["dense(8)", "batchnorm", "dense(3, softmax)"];
    let options = TrainOptions { optimizer: OptimizerKind::GradientDescent, ..options(&layers) };
    let error = crate::training_bytes(&data, &options).unwrap_err().to_string();
    assert!(error.contains("gradient_descent through batchnorm"), "{error}");
}

#[test]
fn blocks_take_what_they_hold() {
    let values = Float32Array::from(vec![1.0; 784 * 1000]);
    let field = Arc::new(Field::new_list_field(DataType::Float32, true));
    let column: ArrayRef = Arc::new(FixedSizeListArray::new(field, 784, Arc::new(values), None));
    let labels: ArrayRef = Arc::new(Int64Array::from(vec![1; 1000]));
    let mut builder = DatasetBuilder::new();
    for batch in 1..=30 {
        builder.push(&[Arc::clone(&column)], &labels).unwrap();
        let data = batch * 1000 * (4 * 784 + 16 + 12);
        // Twice the first block at most, then what is left of the last.
        assert!((data..data + (24 << 20)).contains(&builder.memory_bytes()), "{} for {data}", builder.memory_bytes());
    }
}
