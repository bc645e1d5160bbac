//! The epochs: batches cut into fixed chunks, worked on in parallel, summed in a fixed order.

use std::ops::Range;
use std::time::Instant;

use mead_common::CancelFlag;
use parking_lot::{Mutex, RwLock};
use rand::Rng;

use super::blocks::Blocks;
use super::feed::{Feed, Pass, Place, Side, Taken};
use super::optimizer::{Memory, Optimizer};
use super::options::{LossKind, TrainOptions};
use super::plan::{Chunk, Plan, Weights};
use super::pool::Pool;
use super::setup::{Sizes, batch_of, check_output, loss_of, network_of};
use crate::Error;
use crate::dataset::{Dataset, Labels};
use crate::kernel::{Buffer, Isa, add_to};
use crate::layer::{Deferred, Samples, Step, batchnorm};
use crate::network::NetworkSpec;

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

/// Trains. `observe` hears of every epoch when it ends. On one instruction set the result depends on the rows (not on their
/// order), on whether they were spilled, on the options and the seed alone.
pub fn train(
    dataset: &Dataset,
    options: &TrainOptions,
    observe: &mut dyn FnMut(&EpochReport) -> Result<(), Error>,
    cancel: &CancelFlag,
) -> Result<TrainedNetwork, Error> {
    let loss = loss_of(dataset, options)?;
    let network = network_of(dataset, options, loss)?;
    let plan = Plan::for_training(&network)?;
    check_output(&plan, dataset, loss)?;
    let seed = options.seed.unwrap_or_else(|| rand::rng().random_range(0..=i64::MAX as u64));
    let mut feed = Feed::new(dataset, options, seed, cancel)?;
    let batch = batch_of(options, feed.learn_rows());
    let trainer = Trainer::new(dataset, &plan, loss, seed, batch, options, cancel);
    let workers = options.threads.max(1).min(batch.div_ceil(trainer.sizes.chunk)) - 1;
    (0..trainer.prepared.len()).for_each(|index| trainer.prepare(index));
    let work = |phase: Phase, task: usize| trainer.work(phase, task);
    let epochs = || trainer.epochs(&mut feed, batch, options, workers, observe);
    let history = trainer.pool.scope(workers, &work, epochs).map_err(|source| Error::Thread { source })??;
    let parameters = trainer.parameters.into_inner();
    if let (Some(last), false) = (history.last(), parameters.iter().all(|value| value.is_finite())) {
        return Err(Error::Diverged { loss: f64::NAN, epoch: last.epoch });
    }
    let weights = plan.weights(&parameters);
    Ok(TrainedNetwork { network, parameters, weights, history, loss, seed })
}

/// What the workers do with each chunk.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// Fetches rows a few at a time and runs them through the whole network, in training forward and backward: what a
    /// network without batch norm needs, for which nobody has to meet.
    Whole { step: u64, training: bool },
    /// Fetches rows, and sums what the statistics of a batch norm in the first place are made of.
    Sums,
    /// Fetches rows (in segment 0), runs one segment forward; behind the last, the loss and its gradient, behind another, in
    /// training, the sums that the next one's statistics are made of.
    Forward { segment: usize, step: u64, training: bool },
    /// From the batch norm behind a segment, if there is one, back to behind the one that begins it, and the sums that this
    /// one's gradient needs.
    Backward { segment: usize, step: u64 },
    /// One block of the parameters: the gradients of the chunks of `rows` rows are summed, or made if they were deferred, and
    /// added to those of the rounds before unless this is the first; behind the last round, the parameters take step `step`
    /// against the sum times `scale`.
    Reduce { rows: usize, first: bool, last: Option<(u64, f32)> },
    /// One step of the plan: its parameters are brought into the form that its passes need.
    Prepare,
}

/// The state of one training, shared with its workers.
struct Trainer<'a> {
    dataset: &'a Dataset,
    plan: &'a Plan,
    loss: LossKind,
    seed: u64,
    isa: Isa,
    sizes: Sizes,
    optimizer: Optimizer,
    parameters: Blocks,
    /// What each block of the parameters remembers.
    memory: Vec<Mutex<Memory>>,
    /// The gradient of the batch.
    gradient: Blocks,
    /// What deferred gradients are made of.
    kept: Vec<Kept<'a>>,
    prepared: Vec<RwLock<Buffer<f32>>>,
    chunks: Vec<RwLock<Slot>>,
    /// One for each worker, if chunks need not meet.
    workspaces: Mutex<Vec<Chunk>>,
    /// The rows of the round.
    batch: RwLock<Batch>,
    cancel: &'a CancelFlag,
    pool: Pool<Phase>,
}

/// The rows that are worked on together: a batch, or one round of a large one.
#[derive(Default)]
struct Batch {
    rows: Taken,
    /// The place of the first row in its batch.
    first: usize,
    /// Rows in a chunk.
    chunk: usize,
}

/// What a deferred gradient is made of: inputs and gradients of outputs of a round's rows, a block for each chunk.
struct Kept<'a> {
    /// The step, and where its parameters lie.
    index: usize,
    layer: &'a dyn Deferred,
    range: Range<usize>,
    input_len: usize,
    output_len: usize,
    inputs: Blocks,
    grad_outputs: Blocks,
}

struct Slot {
    memory: Chunk,
    /// The chunk's part in a batch norm's statistics.
    partial: batchnorm::Partial,
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
        options: &TrainOptions,
        cancel: &'a CancelFlag,
    ) -> Self {
        let sizes = Sizes::new(plan, batch);
        // Where chunks need not meet, a worker's memory serves one chunk after the other and stays in its cache.
        let kept = if sizes.meets { sizes.part } else { 0 };
        let slot = |_| {
            let partial = batchnorm::Partial::default();
            RwLock::new(Slot { memory: plan.deferring_chunk(kept), partial, loss: 0.0, right: 0 })
        };
        let shared = if sizes.meets { 0 } else { options.threads.max(1).min(sizes.slots) };
        let bounds = plan.blocks();
        let parameters = Blocks::new(&plan.initialize(seed), &bounds);
        let optimizer = Optimizer::new(options);
        let memory = |block| Mutex::new(optimizer.memory(parameters.range(block).len()));
        Self {
            dataset,
            plan,
            loss,
            seed,
            isa: Isa::detect(),
            sizes,
            optimizer,
            memory: (0..parameters.count()).map(memory).collect(),
            gradient: Blocks::new(&vec![0.0; plan.parameter_count()], &bounds),
            kept: plan.deferred().map(|(index, layer)| Kept::new(plan, index, layer, &sizes)).collect(),
            parameters,
            prepared: plan.prepared(true).into_iter().map(RwLock::new).collect(),
            chunks: (0..sizes.slots).map(slot).collect(),
            workspaces: Mutex::new((0..shared).map(|_| plan.workspace(sizes.part, true)).collect()),
            batch: RwLock::new(Batch::default()),
            cancel,
            pool: Pool::new(),
        }
    }

    /// Brings the parameters of one step into the form that its passes need.
    fn prepare(&self, index: usize) {
        let mut prepared = self.prepared[index].write();
        if !prepared.is_empty() {
            self.plan.prepare(&self.parameters.read(), index, &mut prepared);
        }
    }

    fn epochs(
        &self,
        feed: &mut Feed<'_>,
        batch: usize,
        options: &TrainOptions,
        workers: usize,
        observe: &mut dyn FnMut(&EpochReport) -> Result<(), Error>,
    ) -> Result<Vec<EpochReport>, Error> {
        let mut history: Vec<EpochReport> = Vec::new();
        let rows = feed.learn_rows();
        let mut step = 0;
        let mut best: Option<(f64, usize, Vec<f32>)> = None;
        for epoch in 1..=options.epochs {
            let started = Instant::now();
            let (loss, right) = feed.pass(Side::Learn(epoch), |pass| {
                let (mut loss, mut right) = (0.0, 0);
                for first in (0..rows).step_by(batch) {
                    let (batch_loss, batch_right) = self.step(pass, batch.min(rows - first), step, workers)?;
                    loss += batch_loss;
                    right += batch_right;
                    step += 1;
                }
                Ok((loss, right))
            })?;
            let loss = loss / rows as f64;
            let classify = self.loss == LossKind::CrossEntropy;
            let validation = self.validate(feed, workers)?;
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
                accuracy: classify.then(|| right as f64 / rows as f64),
                validation_loss: validation.map(|(loss, _)| loss),
                validation_accuracy: validation.filter(|_| classify).map(|(_, accuracy)| accuracy),
                learning_rate: options.learning_rate(),
                rows,
                seconds,
                rows_per_second: rows as f64 / seconds.max(1e-9),
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
                    _ => best = Some((loss, epoch, self.parameters.read().to_vec())),
                }
            }
        }
        if let Some((_, _, parameters)) = best {
            self.parameters.update(0..parameters.len(), |values| values.copy_from_slice(&parameters));
        }
        Ok(history)
    }

    /// One batch of `rows` rows: forward, backward, sum, step. Gives the sum of losses, and how many were right.
    fn step(&self, pass: &mut dyn Pass, rows: usize, step: u64, workers: usize) -> Result<(f64, usize), Error> {
        let mut total = (0.0, 0);
        let work = |phase: Phase, task: usize| self.work(phase, task);
        let round = self.chunks.len() * self.sizes.chunk;
        let rounds = rows.div_ceil(round);
        for number in 0..rounds {
            let count = round.min(rows - number * round);
            let (loss, right) = self.forward(pass.take(count)?, number * round, step, workers, true);
            // A cancelled round was not worked on to its end.
            self.check()?;
            total = (total.0 + loss, total.1 + right);
            if self.sizes.meets {
                self.backward(count, step, workers);
            }
            let last = (number + 1 == rounds).then(|| (step + 1, 1.0 / rows as f32));
            let phase = Phase::Reduce { rows: count, first: number == 0, last };
            self.pool.run(workers, phase, self.parameters.count(), &work);
        }
        self.pool.run(workers, Phase::Prepare, self.prepared.len(), &work);
        // Cancelled, it may have moved some parameters and not others.
        self.check()?;
        Ok(total)
    }

    /// One block's part of [`Phase::Reduce`].
    fn reduce(&self, block: usize, rows: usize, first: bool, last: Option<(u64, f32)>) {
        let range = self.parameters.range(block);
        self.gradient.write(block, |gradient| {
            match self.kept.iter().find(|kept| kept.range.contains(&range.start)) {
                Some(kept) => kept.gradient(self.isa, rows, range.clone(), first, gradient),
                None => self.sum_chunks(rows, range.clone(), first, gradient),
            }
            let Some((step, scale)) = last else { return };
            self.mask_statistics(&range, gradient);
            let mut memory = self.memory[block].lock();
            self.parameters.write(block, |parameters| {
                self.optimizer.apply(self.isa, step, scale, &mut memory, gradient, parameters);
            });
        });
    }

    /// The sum of the chunks' gradients of the parameters in `range`.
    fn sum_chunks(&self, rows: usize, range: Range<usize>, first: bool, gradient: &mut [f32]) {
        if first {
            gradient.fill(0.0);
        }
        // Behind the last of these parameters a line of the cache may have to be filled.
        let own = range.start..range.end.min(self.plan.chunk_parameters());
        for slot in &self.chunks[..rows.div_ceil(self.sizes.chunk)] {
            add_to(self.isa, &slot.read().memory.gradient[own.clone()], &mut gradient[..own.len()]);
        }
    }

    /// Keeps what chunk `chunk`, from its sample `first` on, has for deferred gradients.
    fn keeper(&self, chunk: usize, first: usize) -> impl Fn(usize, &[f32], &[f32]) {
        move |index, input, grad_output| {
            if let Some(kept) = self.kept.iter().find(|kept| kept.index == index) {
                kept.keep(chunk, first, input, grad_output);
            }
        }
    }

    /// A batch norm's statistics lie among the parameters, but no optimizer moves them.
    fn mask_statistics(&self, block: &Range<usize>, gradient: &mut [f32]) {
        for index in (0..self.plan.layers().len()).filter(|index| self.plan.meets(*index)) {
            let range = self.plan.range(index);
            let (start, end) = ((range.start + range.len() / 4).max(block.start), range.end.min(block.end));
            if start < end {
                gradient[start - block.start..end - block.start].fill(0.0);
            }
        }
    }

    /// Runs rows forward; where chunks need not meet, in training, backward too.
    fn forward(&self, rows: Taken, first: usize, step: u64, workers: usize, training: bool) -> (f64, usize) {
        let count = rows.places.len().div_ceil(self.sizes.chunk);
        *self.batch.write() = Batch { rows, first, chunk: self.sizes.chunk };
        let work = |phase: Phase, chunk: usize| self.work(phase, chunk);
        if self.sizes.meets {
            for (segment, layers) in self.plan.segments().iter().enumerate() {
                if training && self.plan.meets(layers.start) {
                    if segment == 0 {
                        self.pool.run(workers, Phase::Sums, count, &work);
                    }
                    self.gather_statistics(layers.start, count);
                }
                self.pool.run(workers, Phase::Forward { segment, step, training }, count, &work);
            }
        } else {
            self.pool.run(workers, Phase::Whole { step, training }, count, &work);
        }
        let results = self.chunks[..count].iter().map(|slot| slot.read());
        results.fold((0.0, 0), |(loss, right), slot| (loss + slot.loss, right + slot.right))
    }

    fn backward(&self, rows: usize, step: u64, workers: usize) {
        let count = rows.div_ceil(self.sizes.chunk);
        let work = |phase: Phase, chunk: usize| self.work(phase, chunk);
        for segment in (0..self.plan.segments().len()).rev() {
            self.pool.run(workers, Phase::Backward { segment, step }, count, &work);
            let first = self.plan.segments()[segment].start;
            if self.plan.meets(first) {
                self.gather_gradient_means(first, count);
            }
        }
    }

    /// Before the segment that a batch norm begins: the statistics of its input over the whole batch.
    fn gather_statistics(&self, layer: usize, count: usize) {
        let slots: Vec<_> = self.chunks[..count].iter().map(|slot| slot.read()).collect();
        let parts = slots.iter().map(|slot| &slot.partial);
        self.parameters.update(self.plan.range(layer), |own| batchnorm::statistics(parts, own));
    }

    /// Behind the backward pass of a batch norm's segment, which stopped at its output.
    fn gather_gradient_means(&self, layer: usize, count: usize) {
        let slots: Vec<_> = self.chunks[..count].iter().map(|slot| slot.read()).collect();
        let parts = slots.iter().map(|slot| &slot.partial);
        self.parameters.update(self.plan.range(layer), |own| batchnorm::gradient_means(parts, own));
    }

    /// The chunk's part in the statistics of the batch norm `layer`.
    fn sum_moments(&self, slot: &mut Slot, layer: usize) {
        let values = &slot.memory.values[layer][..slot.memory.samples * self.plan.layers()[layer].input_len()];
        slot.partial.moments(self.isa, self.plan.range(layer).len() / batchnorm::PARTS, values);
    }

    /// The chunk's part in the gradient of the batch norm `layer`.
    fn sum_gradients(&self, slot: &mut Slot, layer: usize, weights: Weights<'_>) {
        let len = slot.memory.samples * self.plan.layers()[layer].input_len();
        let range = self.plan.range(layer);
        let Chunk { values, grad, gradient, .. } = &mut slot.memory;
        let (own, gradient) = (&weights.parameters[range.clone()], &mut gradient[range]);
        slot.partial.gradients(self.isa, own, &values[layer][..len], &grad[..len], gradient);
    }

    /// Parameters and what was made of them, while nobody changes them.
    fn with_weights<R>(&self, work: impl FnOnce(Weights<'_>) -> R) -> R {
        let parameters = self.parameters.read();
        let guards: Vec<_> = self.prepared.iter().map(RwLock::read).collect();
        let prepared: Vec<&[f32]> = guards.iter().map(|prepared| &***prepared).collect();
        work(Weights { parameters: &parameters, prepared: &prepared })
    }

    fn moment(&self, step: u64, first_sample: usize) -> Step {
        Step { seed: self.seed, step, first_sample, layer: 0 }
    }

    /// One task of a phase; on any thread.
    fn work(&self, phase: Phase, index: usize) {
        if self.cancel.is_cancelled() {
            return;
        }
        match phase {
            Phase::Reduce { rows, first, last } => self.reduce(index, rows, first, last),
            Phase::Prepare => self.prepare(index),
            _ => self.with_weights(|weights| self.pass(phase, index, weights)),
        }
    }

    /// One chunk's part of a pass.
    fn pass(&self, phase: Phase, index: usize, weights: Weights<'_>) {
        let mut slot = self.chunks[index].write();
        let slot = &mut *slot;
        let batch = self.batch.read();
        let places = batch.chunk(index);
        let first = batch.first + index * self.sizes.chunk;
        match phase {
            Phase::Whole { step, training } => {
                let workspace = self.workspaces.lock().pop();
                let mut workspace = workspace.unwrap_or_else(|| self.plan.workspace(self.sizes.part, true));
                std::mem::swap(&mut slot.memory, &mut workspace);
                std::mem::swap(&mut slot.memory.gradient, &mut workspace.gradient);
                let moment = training.then(|| self.moment(step, first));
                self.pass_whole(slot, index, weights, (&batch.rows, places), moment);
                std::mem::swap(&mut slot.memory.gradient, &mut workspace.gradient);
                std::mem::swap(&mut slot.memory, &mut workspace);
                self.workspaces.lock().push(workspace);
            }
            Phase::Sums => {
                self.fetch(&mut slot.memory, &batch.rows, places);
                self.sum_moments(slot, 0);
            }
            Phase::Forward { segment, step, training } => {
                // Behind `Phase::Sums` they are there.
                if segment == 0 && !(training && self.plan.meets(0)) {
                    self.fetch(&mut slot.memory, &batch.rows, places);
                }
                let layers = self.plan.segments()[segment].clone();
                let moment = training.then(|| self.moment(step, first));
                let last = layers.end == self.plan.layers().len();
                self.plan.forward(self.isa, weights, &mut slot.memory, layers.clone(), moment);
                if last {
                    (slot.loss, slot.right) = (0.0, 0);
                    self.judge(slot, &batch.rows, places);
                } else if training {
                    self.sum_moments(slot, layers.end);
                }
            }
            Phase::Backward { segment, step } => {
                let layers = self.plan.segments()[segment].clone();
                let mut end = layers.end;
                if end == self.plan.layers().len() {
                    slot.memory.gradient.fill(0.0);
                    // The loss's gradient is that of softmax's input already.
                    end -= usize::from(self.loss == LossKind::CrossEntropy);
                } else {
                    // The batch norm there, whose gradient's means are known now.
                    end += 1;
                }
                let meets = self.plan.meets(layers.start);
                let start = layers.start + usize::from(meets);
                let moment = Some(self.moment(step, first));
                let keep = self.keeper(index, 0);
                let steps = start..end.max(start);
                self.plan.backward(self.isa, weights, &mut slot.memory, steps, moment, Some(&keep));
                if meets {
                    self.sum_gradients(slot, layers.start, weights);
                }
            }
            Phase::Reduce { .. } | Phase::Prepare => {}
        }
    }

    /// One chunk through the whole network, part by part, so that each part stays in the cache.
    fn pass_whole(
        &self,
        slot: &mut Slot,
        chunk: usize,
        weights: Weights<'_>,
        (rows, places): (&Taken, &[Place]),
        moment: Option<Step>,
    ) {
        let layers = 0..self.plan.layers().len();
        // The loss's gradient is that of softmax's input already.
        let behind = layers.end - usize::from(self.loss == LossKind::CrossEntropy);
        (slot.loss, slot.right) = (0.0, 0);
        if moment.is_some() {
            slot.memory.gradient.fill(0.0);
        }
        let part_len = self.sizes.part;
        for (number, part) in places.chunks(part_len).enumerate() {
            let moment = moment.map(|moment| Step { first_sample: moment.first_sample + number * part_len, ..moment });
            self.fetch(&mut slot.memory, rows, part);
            self.plan.forward(self.isa, weights, &mut slot.memory, layers.clone(), moment);
            self.judge(slot, rows, part);
            if moment.is_some() {
                let keep = self.keeper(chunk, number * part_len);
                self.plan.backward(self.isa, weights, &mut slot.memory, 0..behind, moment, Some(&keep));
            }
        }
    }

    fn fetch(&self, memory: &mut Chunk, rows: &Taken, places: &[Place]) {
        memory.samples = places.len();
        let width = self.dataset.width;
        for (place, values) in places.iter().zip(memory.values[0].chunks_exact_mut(width)) {
            rows.row(self.dataset, *place).copy_to(values);
        }
    }

    /// Adds the loss of the rows at hand, and how many were right; sets the gradient to start from.
    fn judge(&self, slot: &mut Slot, rows: &Taken, places: &[Place]) {
        let outputs = self.plan.output_len();
        let Some(output) = slot.memory.values.last() else { return };
        let (mut loss, mut right) = (0.0, 0);
        for (index, place) in places.iter().enumerate() {
            let row = rows.number(*place);
            let output = &output[index * outputs..(index + 1) * outputs];
            let grad = &mut slot.memory.grad[index * outputs..(index + 1) * outputs];
            match &self.dataset.labels {
                Labels::Classes { ids, .. } => {
                    let class = ids[row] as usize;
                    grad.copy_from_slice(output);
                    grad[class] -= 1.0;
                    // NaN must not be hidden by `max`.
                    let probability = f64::from(output[class]);
                    loss -= if probability < 1e-30 { 1e-30_f64.ln() } else { probability.ln() };
                    right += usize::from(largest(output) == class);
                }
                Labels::Values(values) => {
                    let difference = output[0] - values[row];
                    grad[0] = 2.0 * difference;
                    loss += f64::from(difference).powi(2);
                }
            }
        }
        slot.loss += loss;
        slot.right += right;
    }

    fn validate(&self, feed: &mut Feed<'_>, workers: usize) -> Result<Option<(f64, f64)>, Error> {
        let rows = feed.validation_rows();
        if rows == 0 {
            return Ok(None);
        }
        let round = self.chunks.len() * self.sizes.chunk;
        let (loss, right) = feed.pass(Side::Validate, |pass| {
            let (mut loss, mut right) = (0.0, 0);
            for first in (0..rows).step_by(round) {
                let (round_loss, round_right) = self.forward(pass.take(round.min(rows - first))?, 0, 0, workers, false);
                self.check()?;
                loss += round_loss;
                right += round_right;
            }
            Ok((loss, right))
        })?;
        Ok(Some((loss / rows as f64, right as f64 / rows as f64)))
    }

    fn check(&self) -> Result<(), Error> {
        self.cancel.reason().map_or(Ok(()), |reason| Err(reason.into()))
    }
}

impl<'a> Kept<'a> {
    fn new(plan: &Plan, index: usize, layer: &'a dyn Deferred, sizes: &Sizes) -> Self {
        let [input_len, output_len] = plan.kept_lens(index);
        let blocks = |len: usize| {
            let block = sizes.chunk * len;
            let bounds: Vec<usize> = (1..=sizes.slots).map(|chunk| chunk * block).collect();
            Blocks::new(&vec![0.0; sizes.slots * block], &bounds)
        };
        let (inputs, grad_outputs) = (blocks(input_len), blocks(output_len));
        Self { index, layer, range: plan.range(index), input_len, output_len, inputs, grad_outputs }
    }

    /// Keeps what chunk `chunk` has from its sample `first` on.
    fn keep(&self, chunk: usize, first: usize, input: &[f32], grad_output: &[f32]) {
        let put = |blocks: &Blocks, first: usize, values: &[f32]| {
            blocks.write(chunk, |block| block[first..first + values.len()].copy_from_slice(values));
        };
        put(&self.inputs, first * self.input_len, input);
        put(&self.grad_outputs, first * self.output_len, grad_output);
    }

    /// The gradient of the parameters in `range`, made of what the chunks of `rows` rows have kept.
    fn gradient(&self, isa: Isa, rows: usize, range: Range<usize>, first: bool, gradient: &mut [f32]) {
        let (inputs, grad_outputs) = (self.inputs.read(), self.grad_outputs.read());
        let samples = Samples {
            count: rows,
            input: &inputs[..rows * self.input_len],
            grad_output: &grad_outputs[..rows * self.output_len],
        };
        let own = range.start - self.range.start..range.end.min(self.range.end) - self.range.start;
        let len = own.len();
        self.layer.gradient(isa, &samples, own, !first, &mut gradient[..len]);
    }
}

impl Batch {
    fn chunk(&self, index: usize) -> &[Place] {
        let places = &self.rows.places;
        &places[index * self.chunk..places.len().min((index + 1) * self.chunk)]
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
