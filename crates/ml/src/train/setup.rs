//! What is settled before a training begins: the loss, the network, the rows, the memory.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::options::{LossKind, OptimizerKind, TrainOptions};
use super::plan::Plan;
use crate::Error;
use crate::dataset::{Dataset, Labels, PARTITIONS};
use crate::network::{NetworkSpec, default_cnn, shape_text};

/// Bytes that [`train`] takes beside the dataset: what must be reserved before it.
pub fn training_bytes(dataset: &Dataset, options: &TrainOptions) -> Result<usize, Error> {
    let loss = loss_of(dataset, options)?;
    let plan = Plan::for_training(&network_of(dataset, options, loss)?)?;
    check_output(&plan, dataset, loss)?;
    let sizes = Sizes::new(&plan, batch_of(options, dataset.rows));
    // Parameters, their gradient, the optimizer's two moments, the best so far; a gradient for each chunk, or what it keeps
    // for one that is made later.
    let kept = plan.deferred().flat_map(|(index, _)| plan.kept_lens(index)).fold(0, usize::saturating_add);
    let chunks = plan.chunk_parameters().saturating_add(kept.saturating_mul(sizes.chunk)).saturating_mul(sizes.slots);
    let whole = plan.parameter_count().saturating_mul(5).saturating_add(chunks).saturating_mul(size_of::<f32>());
    let prepared = (0..plan.layers().len()).map(|index| plan.prepared_len(index, true)).fold(0, usize::saturating_add);
    let workspaces = if sizes.meets { sizes.slots } else { options.threads.max(1).min(sizes.slots) };
    let rows = match dataset.spilled() {
        None => dataset.rows.saturating_mul(4 * size_of::<usize>()),
        Some(spilled) => {
            let windows = dataset.rows.div_ceil(PARTITIONS).saturating_mul(spilled.window_partitions());
            let batch = batch_of(options, dataset.rows);
            let together = if sizes.meets { batch } else { batch.min(sizes.slots * sizes.chunk) };
            if sizes.meets && options.optimizer == OptimizerKind::GradientDescent {
                return Err(Error::InvalidOption {
                    name: "optimizer".to_owned(),
                    reason: "gradient_descent through batchnorm needs all rows in memory at once, and they exceed the \
                             memory limit; use sgd or adam, or raise the limit"
                        .to_owned(),
                });
            }
            // The windows that a batch needs, the one that is worked on and the one that is read.
            spilled.window_bytes().saturating_mul(2 + together.div_ceil(windows.max(1)))
        }
    };
    Ok(workspaces
        .saturating_mul(plan.chunk_bytes(sizes.part))
        .saturating_add(whole)
        .saturating_add(prepared.saturating_mul(size_of::<f32>()))
        .saturating_add(rows))
}

/// What each step of the training computes and how: `conv2d(64, 3x3) + relu + maxpool(2x2): winograd 2x2 …`.
pub fn training_steps(dataset: &Dataset, options: &TrainOptions) -> Result<Vec<String>, Error> {
    let loss = loss_of(dataset, options)?;
    Ok(Plan::for_training(&network_of(dataset, options, loss)?)?.describe())
}

/// The same before there are rows; `None` where only they tell the shape of the input or the layers.
pub fn planned_steps(options: &TrainOptions) -> Result<Option<Vec<String>>, Error> {
    let (Some(shape), Some(layers)) = (&options.input_shape, &options.layers) else { return Ok(None) };
    Ok(Some(Plan::for_training(&NetworkSpec::parse(shape, layers)?)?.describe()))
}

/// How the work on a batch is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Samples in a chunk, whatever the number of threads: so sums are the same for any.
    pub(super) chunk: usize,
    /// Chunks that have memory of their own.
    pub(super) slots: usize,
    /// Samples of a chunk that are worked on together.
    pub(super) part: usize,
    /// True if the chunks of a batch must meet between layers, and so keep what they computed.
    pub(super) meets: bool,
}

impl Sizes {
    /// A large batch is worked on in rounds, so that memory does not grow with it, unless a batch norm must see all of it.
    pub(super) fn new(plan: &Plan, batch: usize) -> Self {
        let meets = (0..plan.layers().len()).any(|index| plan.meets(index));
        let chunk = plan.chunk_samples(batch);
        Self {
            chunk,
            slots: batch.div_ceil(chunk).min(if meets { usize::MAX } else { 64 }),
            part: if meets { chunk } else { plan.samples_at_a_time(chunk) },
            meets,
        }
    }
}

/// Rows in a batch, of `rows` to learn from.
pub(super) fn batch_of(options: &TrainOptions, rows: usize) -> usize {
    match options.optimizer {
        OptimizerKind::GradientDescent => rows,
        _ => options.batch_size.min(rows),
    }
}

pub(super) fn loss_of(dataset: &Dataset, options: &TrainOptions) -> Result<LossKind, Error> {
    let natural = match &dataset.labels {
        Labels::Classes { classes, .. } if classes.len() < 2 => {
            let label = arrow::util::display::array_value_to_string(classes, 0).unwrap_or_default();
            return Err(Error::OneClass { rows: dataset.rows, label });
        }
        Labels::Classes { .. } => LossKind::CrossEntropy,
        Labels::Values(_) => LossKind::Mse,
    };
    match options.loss {
        Some(loss) if loss != natural => Err(Error::LossMismatch {
            loss: if loss == LossKind::Mse { "mse" } else { "cross_entropy" }.to_owned(),
            label_type: dataset.label_type.to_string(),
        }),
        _ => Ok(natural),
    }
}

pub(super) fn network_of(dataset: &Dataset, options: &TrainOptions, loss: LossKind) -> Result<NetworkSpec, Error> {
    let shape = match &options.input_shape {
        Some(shape) => shape.clone(),
        None => {
            let side = (dataset.width as f64).sqrt().round() as usize;
            if side * side != dataset.width {
                return Err(Error::UnknownShape(dataset.width));
            }
            vec![side, side, 1]
        }
    };
    let needed: usize = shape.iter().product();
    if needed != dataset.width {
        return Err(Error::WrongWidth { what: "image", found: dataset.width, shape: shape_text(&shape), needed });
    }
    match &options.layers {
        Some(layers) => NetworkSpec::parse(&shape, layers),
        None => {
            let outputs = match &dataset.labels {
                Labels::Classes { classes, .. } => classes.len(),
                Labels::Values(_) => 1,
            };
            default_cnn(&shape, outputs, loss == LossKind::CrossEntropy)
        }
    }
}

pub(super) fn check_output(plan: &Plan, dataset: &Dataset, loss: LossKind) -> Result<(), Error> {
    let expected = match &dataset.labels {
        Labels::Classes { classes, .. } => classes.len(),
        Labels::Values(_) => 1,
    };
    if plan.output_len() != expected {
        return match loss {
            LossKind::CrossEntropy => Err(Error::OutputMismatch { outputs: plan.output_len(), classes: expected }),
            LossKind::Mse => Err(Error::InvalidOption {
                name: "layers".to_owned(),
                reason: format!("the last layer has {} outputs, a number needs one: dense(1)", plan.output_len()),
            }),
        };
    }
    if loss == LossKind::CrossEntropy && plan.channels() != expected {
        return Err(Error::InvalidOption {
            name: "layers".to_owned(),
            reason: format!("the last layer gives an image; put flatten before dense({expected}, softmax)"),
        });
    }
    if loss == LossKind::CrossEntropy && !plan.ends_in_softmax() {
        return Err(Error::InvalidOption {
            name: "layers".to_owned(),
            reason: format!("cross_entropy needs probabilities: end with dense({expected}, softmax)"),
        });
    }
    Ok(())
}

/// How many of `rows` rows are to validate with.
pub(super) fn validation_rows(rows: usize, fraction: f64) -> usize {
    ((rows as f64 * fraction).round() as usize).min(rows)
}

/// The rows to learn from and `validate` ones to validate with; settled by `random`.
pub(super) fn split(mut all: Vec<usize>, validate: usize, random: &mut ChaCha8Rng) -> (Vec<usize>, Vec<usize>) {
    if validate == 0 {
        return (all, Vec::new());
    }
    all.shuffle(random);
    let learn = all.split_off(validate.min(all.len()));
    (learn, all)
}
