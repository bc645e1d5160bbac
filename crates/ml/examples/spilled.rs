//! What spilling costs: trains the CNN of the examples on images in memory, then on the same images in a file, and tells rows
//! a second and the memory that the process took at most. Arguments: rows, epochs, `memory`, `file` or both.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{ArrayRef, FixedSizeListArray, Float32Array, Int32Array};
use arrow::datatypes::{DataType, Field};
use mead_common::CancelFlag;
use mead_ml::{DatasetBuilder, LabelKind, SpillFile, SpillSpace, TrainOptions, train};

const WIDTH: usize = 784;

#[derive(Debug)]
struct Spill(File);

impl SpillFile for Spill {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(bytes, offset)
    }

    fn place(&self) -> String {
        "the spill file".to_owned()
    }
}

fn batch(rows: usize, first: usize) -> (ArrayRef, ArrayRef) {
    let mut state = first as u32 + 1;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 8
    };
    let labels: Vec<i32> = (0..rows).map(|_| (random() % 10) as i32).collect();
    let pixel = |label: i32, place: usize, noise: u32| {
        let lit = place % 28 / 3 == label as usize || noise.is_multiple_of(9);
        if lit { (noise % 256) as f32 / 255.0 } else { 0.0 }
    };
    let mut values = Vec::with_capacity(rows * WIDTH);
    for label in &labels {
        values.extend((0..WIDTH).map(|place| pixel(*label, place, random())));
    }
    let values = Float32Array::from(values);
    let field = Arc::new(Field::new_list_field(DataType::Float32, false));
    let images = FixedSizeListArray::new(field, WIDTH as i32, Arc::new(values), None);
    (Arc::new(images), Arc::new(Int32Array::from(labels)))
}

fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).map_or(0, |kib| kib / 1024)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |at: usize, or: usize| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(or);
    let (rows, epochs) = (number(1, 100_000), number(2, 2));
    let which = arguments.get(3).map_or("both", String::as_str);
    for spill in [false, true] {
        if which == if spill { "memory" } else { "file" } {
            continue;
        }
        let path = std::env::temp_dir().join(format!("mead-spilled-{}", std::process::id()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        let space = Arc::new(SpillSpace::new(Box::new(Spill(file))));
        let cancel = CancelFlag::new();
        let started = Instant::now();
        let mut builder = DatasetBuilder::new();
        for first in (0..rows).step_by(8192) {
            let (images, labels) = batch(8192.min(rows - first), first);
            builder.push(&[images], &labels)?;
            if spill && builder.memory_bytes() > 256 << 20 {
                builder.spill(&space, &cancel)?;
            }
        }
        if spill && !builder.is_spilled() {
            builder.spill(&space, &cancel)?;
        }
        let dataset = builder.finish(LabelKind::Auto)?;
        let (gathered, gathered_peak) = (started.elapsed(), peak_mib());
        let options = TrainOptions { epochs, seed: Some(1), threads: 2, ..TrainOptions::default() };
        println!(
            "{}: {rows} rows gathered in {gathered:.1?}, peak {gathered_peak} MiB, to be reserved {} MiB",
            if spill { "file" } else { "memory" },
            (dataset.memory_bytes() + mead_ml::training_bytes(&dataset, &options)?) >> 20,
        );
        train::train(
            &dataset,
            &options,
            &mut |report| {
                println!(
                    "  {:.0} rows/s, loss {:.4}, accuracy {:?}",
                    report.rows_per_second, report.loss, report.accuracy
                );
                Ok(())
            },
            &cancel,
        )?;
        println!("  peak {} MiB; data once are {} MiB", peak_mib(), (rows * WIDTH * 4) >> 20);
    }
    Ok(())
}
