//! Trains the Keras CNN on MNIST's IDX files, given a folder: accuracy of three seeds, samples a second.

use std::io::Read;
use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeListArray, Int32Array};
use arrow::datatypes::{DataType, Field};
use mead_common::CancelFlag;
use mead_ml::Isa;
use mead_ml::train::{Plan, TrainedNetwork, train};
use mead_ml::{DatasetBuilder, LabelKind, TrainOptions};

const LAYERS: [&str; 9] = [
    "conv2d(32, 3x3, relu)",
    "maxpool(2x2)",
    "conv2d(64, 3x3, relu)",
    "maxpool(2x2)",
    "conv2d(64, 3x3, relu)",
    "maxpool(2x2)",
    "flatten",
    "dense(64, relu)",
    "dense(10, softmax)",
];

fn idx(path: &std::path::Path, header: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_end(&mut bytes)?;
    Ok(bytes.split_off(header))
}

fn accuracy(network: &TrainedNetwork, images: &[f32], labels: &[u8]) -> f64 {
    let Ok(plan) = Plan::new(&network.network) else { return 0.0 };
    let mut right = 0;
    for (image, label) in images.chunks_exact(784).zip(labels) {
        let mut chunk = plan.chunk(1, false);
        chunk.values[0].copy_from_slice(image);
        plan.with_weights(&network.parameters, false, |weights| {
            plan.forward(Isa::detect(), weights, &mut chunk, 0..plan.layers().len(), None);
        });
        let output = &chunk.values[plan.layers().len()];
        let best = (0..10).max_by(|a, b| output[*a].total_cmp(&output[*b]));
        right += usize::from(best == Some(usize::from(*label)));
    }
    right as f64 / labels.len() as f64
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("give the folder of images-idx3-ubyte.gz and labels-idx1-ubyte.gz")?;
    let threads = std::env::args().nth(2).map_or(Ok(2), |text| text.parse())?;
    let folder = std::path::Path::new(&folder);
    let images: Vec<f32> =
        idx(&folder.join("images-idx3-ubyte.gz"), 16)?.into_iter().map(|byte| f32::from(byte) / 255.0).collect();
    let labels = idx(&folder.join("labels-idx1-ubyte.gz"), 8)?;
    let values = arrow::array::Float32Array::from(images[..8000 * 784].to_vec());
    let field = Arc::new(Field::new("item", DataType::Float32, false));
    let list: ArrayRef = Arc::new(FixedSizeListArray::try_new(field, 784, Arc::new(values), None)?);
    let classes: ArrayRef =
        Arc::new(Int32Array::from_iter_values(labels[..8000].iter().map(|label| i32::from(*label))));
    let mut builder = DatasetBuilder::new();
    builder.push(&[list], &classes)?;
    let dataset = builder.finish(LabelKind::Auto)?;
    let mut sum = 0.0;
    for seed in [1, 2, 3] {
        let options = TrainOptions {
            layers: Some(LAYERS.map(str::to_owned).to_vec()),
            input_shape: Some(vec![28, 28, 1]),
            epochs: 5,
            seed: Some(seed),
            threads,
            ..TrainOptions::default()
        };
        let mut speed = Vec::new();
        let network = train(
            &dataset,
            &options,
            &mut |report| {
                speed.push(report.rows_per_second);
                println!(
                    "seed {seed} epoch {}: loss {:.4}, accuracy {:.4}, {:.0} samples/s",
                    report.epoch,
                    report.loss,
                    report.accuracy.unwrap_or(0.0),
                    report.rows_per_second
                );
                Ok(())
            },
            &CancelFlag::new(),
        )?;
        let accuracy = accuracy(&network, &images[8000 * 784..], &labels[8000..]);
        sum += accuracy;
        println!("seed {seed}: accuracy {accuracy:.4}");
    }
    println!("mean accuracy {:.4}", sum / 3.0);
    Ok(())
}
