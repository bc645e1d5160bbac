//! The epochs: batches cut into fixed chunks, worked on in parallel, summed in a fixed order.

use std::time::Instant;

use arrow::array::Array;
use mead_common::CancelFlag;
use parking_lot::{Mutex, RwLock};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::optimizer::Optimizer;
use super::options::{LossKind, OptimizerKind, TrainOptions};
use super::order;
use super::plan::{Chunk, Plan};
use super::pool::Pool;
use crate::Error;
use crate::dataset::{Dataset, Labels};
use crate::kernel::Isa;
use crate::layer::{Step, batchnorm};
use crate::network::{NetworkSpec, default_cnn, shape_text};

/// Samples in a chunk, whatever the number of threads: so sums are the same for any.
const CHUNK: usize = 8;

/// What an epoch came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochReport {
    /// From 1.
    pub epoch: usize,
    pub epochs: usize,
    /// The mean over the rows learned from, as they were met.
    pub loss: f64,
    /// Of a classifier, in the same way.
    pub accuracy: Option<f64>,
    pub validation_loss: Option<f64>,
    pub validation_accuracy: Option<f64>,
    pub learning_rate: f64,
    pub rows: usize,
    pub seconds: f64,
    pub rows_per_second: f64,
}

/// One tensor of a trained network.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerWeights {
    /// The layer's place in [`NetworkSpec::layers`].
    pub layer: usize,
    pub name: &'static str,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// What training gives.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedNetwork {
    pub network: NetworkSpec,
    /// All parameters, in the plan's order.
    pub parameters: Vec<f32>,
    pub weights: Vec<LayerWeights>,
    pub history: Vec<EpochReport>,
    pub loss: LossKind,
    pub seed: u64,
}

/// Bytes that [`train`] takes beside the dataset: what must be reserved before it.
pub fn training_bytes(dataset: &Dataset, options: &TrainOptions) -> Result<usize, Error> {
    let loss = loss_of(dataset, options)?;
    let plan = Plan::new(&network_of(dataset, options, loss)?)?;
    check_output(&plan, dataset, loss)?;
    let sizes = Sizes::new(&plan, batch_of(options, dataset.rows));
    // Parameters, their gradient, the optimizer's two moments, the best so far.
    let whole = plan.parameter_count().saturating_mul(5 * size_of::<f32>());
    let rows = dataset.rows.saturating_mul(4 * size_of::<usize>());
    Ok(sizes.slots.saturating_mul(plan.chunk_bytes(sizes.part)).saturating_add(whole).saturating_add(rows))
}

/// How the work on a batch is cut.
struct Sizes {
    /// Chunks that have memory of their own.
    slots: usize,
    /// Samples of a chunk that are worked on together.
    part: usize,
}

impl Sizes {
    /// A large batch is worked on in rounds, so that memory does not grow with it, unless a batch norm must see all of it.
    fn new(plan: &Plan, batch: usize) -> Self {
        let meets = (0..plan.layers().len()).any(|index| plan.meets(index));
        Self {
            slots: batch.div_ceil(CHUNK).min(if meets { usize::MAX } else { 64 }),
            part: if meets { CHUNK } else { plan.samples_at_a_time(CHUNK) },
        }
    }
}

/// Rows in a batch, of `rows` to learn from.
fn batch_of(options: &TrainOptions, rows: usize) -> usize {
    match options.optimizer {
        OptimizerKind::GradientDescent => rows,
        _ => options.batch_size.min(rows),
    }
}

/// Trains. `observe` hears of every epoch when it ends. The result depends on the rows (not on their order), the
/// options and the seed alone.
pub fn train(
    dataset: &Dataset,
    options: &TrainOptions,
    observe: &mut dyn FnMut(&EpochReport) -> Result<(), Error>,
    cancel: &CancelFlag,
) -> Result<TrainedNetwork, Error> {
    let loss = loss_of(dataset, options)?;
    let network = network_of(dataset, options, loss)?;
    let plan = Plan::new(&network)?;
    check_output(&plan, dataset, loss)?;
    let seed = options.seed.unwrap_or_else(|| rand::rng().random_range(0..=i64::MAX as u64));
    let (learn, validate) = split(order::canonical(dataset), options.validation_fraction, seed);
    if learn.is_empty() {
        return Err(Error::NoRows);
    }
    if options.validation_fraction > 0.0 && validate.is_empty() {
        return Err(Error::InvalidOption {
            name: "validation_fraction".to_owned(),
            reason: format!("of {} rows none is left to validate with", learn.len()),
        });
    }
    let batch = batch_of(options, learn.len());
    let trainer = Trainer::new(dataset, &plan, loss, seed, batch, cancel);
    let workers = options.threads.max(1).min(batch.div_ceil(CHUNK)) - 1;
    let work = |phase: Phase, chunk: usize| trainer.work(phase, chunk);
    let history = trainer
        .pool
        .scope(workers, &work, || trainer.epochs(&Rows { learn, validate }, options, workers, observe, cancel))?;
    let parameters = trainer.parameters.into_inner();
    if let (Some(last), false) = (history.last(), parameters.iter().all(|value| value.is_finite())) {
        return Err(Error::Diverged { loss: f64::NAN, epoch: last.epoch });
    }
    let weights = weights_of(&plan, &parameters);
    Ok(TrainedNetwork { network, parameters, weights, history, loss, seed })
}

fn loss_of(dataset: &Dataset, options: &TrainOptions) -> Result<LossKind, Error> {
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

fn network_of(dataset: &Dataset, options: &TrainOptions, loss: LossKind) -> Result<NetworkSpec, Error> {
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

fn check_output(plan: &Plan, dataset: &Dataset, loss: LossKind) -> Result<(), Error> {
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

/// The rows to learn from and those to validate with; settled by the seed.
fn split(mut all: Vec<usize>, fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let rows = all.len();
    if fraction <= 0.0 {
        return (all, Vec::new());
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(u64::MAX);
    all.shuffle(&mut random);
    let count = (rows as f64 * fraction).round() as usize;
    let learn = all.split_off(count.min(rows));
    (learn, all)
}

fn weights_of(plan: &Plan, parameters: &[f32]) -> Vec<LayerWeights> {
    let mut weights = Vec::new();
    for (index, layer) in plan.layers().iter().enumerate() {
        let mut start = plan.range(index).start;
        for tensor in layer.parameters() {
            let values = parameters[start..start + tensor.len()].to_vec();
            start += tensor.len();
            weights.push(LayerWeights { layer: index, name: tensor.name, shape: tensor.shape, values });
        }
    }
    weights
}

struct Rows {
    learn: Vec<usize>,
    validate: Vec<usize>,
}

/// What the workers do with each chunk.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Fetches rows a few at a time and runs them through the whole network, in training forward and backward: what a
    /// network without batch norm needs, for which nobody has to meet.
    Whole {
        step: u64,
        training: bool,
    },
    /// Fetches rows (in segment 0), runs one segment forward; behind the last, the loss and its gradient.
    Forward {
        segment: usize,
        step: u64,
        training: bool,
    },
    Backward {
        segment: usize,
        step: u64,
    },
}

/// The state of one training, shared with its workers.
struct Trainer<'a> {
    dataset: &'a Dataset,
    plan: &'a Plan,
    loss: LossKind,
    seed: u64,
    isa: Isa,
    parameters: RwLock<Vec<f32>>,
    chunks: Vec<Mutex<Slot>>,
    /// Samples of a chunk that are worked on together.
    part: usize,
    /// The rows of the round.
    batch: RwLock<Batch>,
    cancel: &'a CancelFlag,
    pool: Pool<Phase>,
}

/// The rows that are worked on together: a batch, or one round of a large one.
#[derive(Default)]
struct Batch {
    rows: Vec<usize>,
    /// The place of the first row in its batch.
    first: usize,
}

struct Slot {
    memory: Chunk,
    loss: f64,
    right: usize,
}

impl<'a> Trainer<'a> {
    fn new(
        dataset: &'a Dataset,
        plan: &'a Plan,
        loss: LossKind,
        seed: u64,
        batch: usize,
        cancel: &'a CancelFlag,
    ) -> Self {
        let Sizes { slots, part } = Sizes::new(plan, batch);
        let slot = |_| Mutex::new(Slot { memory: plan.chunk(part, true), loss: 0.0, right: 0 });
        Self {
            dataset,
            plan,
            loss,
            seed,
            isa: Isa::detect(),
            parameters: RwLock::new(plan.initialize(seed)),
            chunks: (0..slots).map(slot).collect(),
            part,
            batch: RwLock::new(Batch::default()),
            cancel,
            pool: Pool::new(),
        }
    }

    fn epochs(
        &self,
        rows: &Rows,
        options: &TrainOptions,
        workers: usize,
        observe: &mut dyn FnMut(&EpochReport) -> Result<(), Error>,
        cancel: &CancelFlag,
    ) -> Result<Vec<EpochReport>, Error> {
        let mut optimizer = Optimizer::new(options, self.plan.parameter_count());
        let mut history: Vec<EpochReport> = Vec::new();
        let mut order = rows.learn.clone();
        let mut shuffle = ChaCha8Rng::seed_from_u64(self.seed);
        let batch = match options.optimizer {
            OptimizerKind::GradientDescent => order.len(),
            _ => options.batch_size,
        };
        let mut step = 0;
        let mut best: Option<(f64, usize, Vec<f32>)> = None;
        for epoch in 1..=options.epochs {
            let started = Instant::now();
            order.shuffle(&mut shuffle);
            let (mut loss, mut right) = (0.0, 0);
            for rows in order.chunks(batch) {
                let (batch_loss, batch_right) = self.step(rows, step, workers, &mut optimizer, cancel)?;
                loss += batch_loss;
                right += batch_right;
                step += 1;
            }
            let loss = loss / order.len() as f64;
            let classify = self.loss == LossKind::CrossEntropy;
            let validation = self.validate(&rows.validate, workers, cancel)?;
            for loss in [Some(loss), validation.map(|(loss, _)| loss)].into_iter().flatten() {
                if !loss.is_finite() {
                    return Err(Error::Diverged { loss, epoch });
                }
            }
            let seconds = started.elapsed().as_secs_f64();
            let report = EpochReport {
                epoch,
                epochs: options.epochs,
                loss,
                accuracy: classify.then(|| right as f64 / order.len() as f64),
                validation_loss: validation.map(|(loss, _)| loss),
                validation_accuracy: validation.filter(|_| classify).map(|(_, accuracy)| accuracy),
                learning_rate: options.learning_rate(),
                rows: order.len(),
                seconds,
                rows_per_second: order.len() as f64 / seconds.max(1e-9),
            };
            observe(&report)?;
            history.push(report);
            if let (true, Some((loss, _))) = (options.early_stopping, validation) {
                match &best {
                    Some((least, at, _)) if loss >= *least => {
                        if epoch - at >= options.patience {
                            break;
                        }
                    }
                    _ => best = Some((loss, epoch, self.parameters.read().clone())),
                }
            }
        }
        if let Some((_, _, parameters)) = best {
            *self.parameters.write() = parameters;
        }
        Ok(history)
    }

    /// One batch: forward, backward, sum, step. Gives the sum of losses, and how many were right.
    fn step(
        &self,
        rows: &[usize],
        step: u64,
        workers: usize,
        optimizer: &mut Optimizer,
        cancel: &CancelFlag,
    ) -> Result<(f64, usize), Error> {
        let mut total = (0.0, 0);
        let mut gradient = vec![0.0; self.plan.parameter_count()];
        for (number, round) in rows.chunks(self.chunks.len() * CHUNK).enumerate() {
            let first = number * self.chunks.len() * CHUNK;
            let (loss, right) = self.forward(round, first, step, workers, true);
            // A cancelled round was not worked on to its end.
            if let Some(reason) = cancel.reason() {
                return Err(reason.into());
            }
            total = (total.0 + loss, total.1 + right);
            if self.meets() {
                self.backward(round.len(), step, workers);
            }
            for slot in &self.chunks[..round.len().div_ceil(CHUNK)] {
                for (sum, part) in gradient.iter_mut().zip(&slot.lock().memory.gradient) {
                    *sum += part;
                }
            }
        }
        let scale = 1.0 / rows.len() as f32;
        gradient.iter_mut().for_each(|value| *value *= scale);
        self.mask_statistics(&mut gradient);
        optimizer.apply(&mut self.parameters.write(), &gradient);
        Ok(total)
    }

    /// A batch norm's statistics lie among the parameters, but no optimizer moves them.
    fn mask_statistics(&self, gradient: &mut [f32]) {
        for index in (0..self.plan.layers().len()).filter(|index| self.plan.meets(*index)) {
            let range = self.plan.range(index);
            let trained = range.len() / 4;
            gradient[range][trained..].fill(0.0);
        }
    }

    /// True if the chunks of a batch must meet between layers.
    fn meets(&self) -> bool {
        (0..self.plan.layers().len()).any(|index| self.plan.meets(index))
    }

    /// Runs rows forward; where chunks need not meet, in training, backward too.
    fn forward(&self, rows: &[usize], first: usize, step: u64, workers: usize, training: bool) -> (f64, usize) {
        let count = rows.len().div_ceil(CHUNK);
        *self.batch.write() = Batch { rows: rows.to_vec(), first };
        let work = |phase: Phase, chunk: usize| self.work(phase, chunk);
        if self.meets() {
            for (segment, layers) in self.plan.segments().iter().enumerate() {
                if training && self.plan.meets(layers.start) {
                    self.gather_statistics(layers.start, count, rows);
                }
                self.pool.run(workers, Phase::Forward { segment, step, training }, count, &work);
            }
        } else {
            self.pool.run(workers, Phase::Whole { step, training }, count, &work);
        }
        let results = self.chunks[..count].iter().map(|slot| slot.lock());
        results.fold((0.0, 0), |(loss, right), slot| (loss + slot.loss, right + slot.right))
    }

    fn backward(&self, rows: usize, step: u64, workers: usize) {
        let count = rows.div_ceil(CHUNK);
        let work = |phase: Phase, chunk: usize| self.work(phase, chunk);
        for segment in (0..self.plan.segments().len()).rev() {
            self.pool.run(workers, Phase::Backward { segment, step }, count, &work);
            let first = self.plan.segments()[segment].start;
            if self.plan.meets(first) {
                self.gather_gradient_means(first, count);
            }
        }
        // A batch norm that is the very first layer has no segment before it to finish its work.
    }

    /// Before the segment that a batch norm begins: the statistics of its input over the whole batch.
    fn gather_statistics(&self, layer: usize, count: usize, rows: &[usize]) {
        if layer == 0 {
            for (index, slot) in self.chunks[..count].iter().enumerate() {
                self.fetch(&mut slot.lock().memory, &rows[index * CHUNK..rows.len().min((index + 1) * CHUNK)]);
            }
        }
        let width = self.plan.layers()[layer].input_len();
        let slots: Vec<_> = self.chunks[..count].iter().map(|slot| slot.lock()).collect();
        let inputs = slots.iter().map(|slot| &slot.memory.values[layer][..slot.memory.samples * width]);
        batchnorm::statistics(inputs, &mut self.parameters.write()[self.plan.range(layer)]);
    }

    /// Behind the backward pass of a batch norm's segment, which stopped at its output.
    fn gather_gradient_means(&self, layer: usize, count: usize) {
        let width = self.plan.layers()[layer].input_len();
        let slots: Vec<_> = self.chunks[..count].iter().map(|slot| slot.lock()).collect();
        let pairs = slots.iter().map(|slot| {
            let len = slot.memory.samples * width;
            (&slot.memory.values[layer][..len], &slot.memory.grad[..len])
        });
        batchnorm::gradient_means(pairs, &mut self.parameters.write()[self.plan.range(layer)]);
        drop(slots);
        let parameters = self.parameters.read();
        for slot in &self.chunks[..count] {
            let step = Some(self.moment(0, 0));
            self.plan.backward(self.isa, &parameters, &mut slot.lock().memory, layer..layer + 1, step);
        }
    }

    fn moment(&self, step: u64, first_sample: usize) -> Step {
        Step { seed: self.seed, step, first_sample, layer: 0 }
    }

    /// One chunk's part of a phase; on any thread.
    fn work(&self, phase: Phase, index: usize) {
        if self.cancel.is_cancelled() {
            return;
        }
        let mut slot = self.chunks[index].lock();
        let slot = &mut *slot;
        let parameters = self.parameters.read();
        match phase {
            Phase::Whole { step, training } => {
                let batch = self.batch.read();
                let moment = training.then(|| self.moment(step, batch.first + index * CHUNK));
                self.work_whole(slot, &parameters, batch.chunk(index), moment);
            }
            Phase::Forward { segment, step, training } => {
                let batch = self.batch.read();
                let rows = batch.chunk(index);
                if segment == 0 {
                    self.fetch(&mut slot.memory, rows);
                }
                let layers = self.plan.segments()[segment].clone();
                let moment = training.then(|| self.moment(step, index * CHUNK));
                let last = layers.end == self.plan.layers().len();
                self.plan.forward(self.isa, &parameters, &mut slot.memory, layers, moment);
                if last {
                    (slot.loss, slot.right) = (0.0, 0);
                    self.judge(slot, rows);
                }
            }
            Phase::Backward { segment, step } => {
                let layers = self.plan.segments()[segment].clone();
                let mut end = layers.end;
                if end == self.plan.layers().len() {
                    slot.memory.gradient.fill(0.0);
                    // The loss's gradient is that of softmax's input already.
                    end -= usize::from(self.loss == LossKind::CrossEntropy);
                }
                let start = layers.start + usize::from(self.plan.meets(layers.start));
                let moment = Some(self.moment(step, index * CHUNK));
                self.plan.prepare(&parameters, &mut slot.memory, start..end.max(start));
                self.plan.backward(self.isa, &parameters, &mut slot.memory, start..end.max(start), moment);
            }
        }
    }

    /// One chunk through the whole network, part by part, so that each part stays in the cache.
    fn work_whole(&self, slot: &mut Slot, parameters: &[f32], rows: &[usize], moment: Option<Step>) {
        let layers = 0..self.plan.layers().len();
        // The loss's gradient is that of softmax's input already.
        let behind = layers.end - usize::from(self.loss == LossKind::CrossEntropy);
        (slot.loss, slot.right) = (0.0, 0);
        if moment.is_some() {
            slot.memory.gradient.fill(0.0);
            self.plan.prepare(parameters, &mut slot.memory, 0..behind);
        }
        for (number, part) in rows.chunks(self.part).enumerate() {
            let moment = moment.map(|moment| Step { first_sample: moment.first_sample + number * self.part, ..moment });
            self.fetch(&mut slot.memory, part);
            self.plan.forward(self.isa, parameters, &mut slot.memory, layers.clone(), moment);
            self.judge(slot, part);
            if moment.is_some() {
                self.plan.backward(self.isa, parameters, &mut slot.memory, 0..behind, moment);
            }
        }
    }

    fn fetch(&self, memory: &mut Chunk, rows: &[usize]) {
        memory.samples = rows.len();
        let width = self.dataset.width;
        for (row, place) in rows.iter().zip(memory.values[0].chunks_exact_mut(width)) {
            self.dataset.copy_row(*row, place);
        }
    }

    /// Adds the loss of the rows at hand, and how many were right; sets the gradient to start from.
    fn judge(&self, slot: &mut Slot, rows: &[usize]) {
        let outputs = self.plan.output_len();
        let Some(output) = slot.memory.values.last() else { return };
        let (mut loss, mut right) = (0.0, 0);
        for (index, row) in rows.iter().enumerate() {
            let output = &output[index * outputs..(index + 1) * outputs];
            let grad = &mut slot.memory.grad[index * outputs..(index + 1) * outputs];
            match &self.dataset.labels {
                Labels::Classes { ids, .. } => {
                    let class = ids[*row] as usize;
                    grad.copy_from_slice(output);
                    grad[class] -= 1.0;
                    // NaN must not be hidden by `max`.
                    let probability = f64::from(output[class]);
                    loss -= if probability < 1e-30 { 1e-30_f64.ln() } else { probability.ln() };
                    right += usize::from(largest(output) == class);
                }
                Labels::Values(values) => {
                    let difference = output[0] - values[*row];
                    grad[0] = 2.0 * difference;
                    loss += f64::from(difference).powi(2);
                }
            }
        }
        slot.loss += loss;
        slot.right += right;
    }

    fn validate(&self, rows: &[usize], workers: usize, cancel: &CancelFlag) -> Result<Option<(f64, f64)>, Error> {
        if rows.is_empty() {
            return Ok(None);
        }
        let (mut loss, mut right) = (0.0, 0);
        for round in rows.chunks(self.chunks.len() * CHUNK) {
            let (round_loss, round_right) = self.forward(round, 0, 0, workers, false);
            if let Some(reason) = cancel.reason() {
                return Err(reason.into());
            }
            loss += round_loss;
            right += round_right;
        }
        Ok(Some((loss / rows.len() as f64, right as f64 / rows.len() as f64)))
    }
}

impl Batch {
    fn chunk(&self, index: usize) -> &[usize] {
        &self.rows[index * CHUNK..self.rows.len().min((index + 1) * CHUNK)]
    }
}

/// The index of the largest value, the first of equals.
pub(crate) fn largest(values: &[f32]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}
