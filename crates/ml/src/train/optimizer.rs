//! From gradients to new parameters.

use super::options::{OptimizerKind, TrainOptions};
use crate::kernel::{self, Adam, Isa};

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f32 = 1e-7;

/// How parameters move, without what each of them remembers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Optimizer {
    kind: OptimizerKind,
    learning_rate: f64,
    momentum: f32,
}

/// What a block of parameters remembers from step to step.
#[derive(Debug, Default)]
pub(super) struct Memory {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Optimizer {
    pub(super) fn new(options: &TrainOptions) -> Self {
        let (kind, momentum) = (options.optimizer, options.momentum as f32);
        Self { kind, learning_rate: options.learning_rate(), momentum }
    }

    /// For so many parameters.
    pub(super) fn memory(&self, parameters: usize) -> Memory {
        let adam = self.kind == OptimizerKind::Adam;
        let first = if adam || self.momentum > 0.0 { parameters } else { 0 };
        Memory { first: vec![0.0; first], second: vec![0.0; if adam { parameters } else { 0 }] }
    }

    /// Step number `step`, from 1, against `scale · gradient`.
    pub(super) fn apply(
        &self,
        isa: Isa,
        step: u64,
        scale: f32,
        memory: &mut Memory,
        gradient: &[f32],
        parameters: &mut [f32],
    ) {
        match self.kind {
            OptimizerKind::Adam => {
                let step = i32::try_from(step).unwrap_or(i32::MAX);
                let correction = (1.0 - BETA_2.powi(step)).sqrt() / (1.0 - BETA_1.powi(step));
                let adam = Adam {
                    rate: (self.learning_rate * correction) as f32,
                    first: (1.0 - BETA_1) as f32,
                    second: (1.0 - BETA_2) as f32,
                    epsilon: EPSILON,
                };
                kernel::adam(isa, &adam, scale, gradient, &mut memory.first, &mut memory.second, parameters);
            }
            _ if self.momentum > 0.0 => {
                let rate = self.learning_rate as f32 * scale;
                for ((value, gradient), velocity) in parameters.iter_mut().zip(gradient).zip(&mut memory.first) {
                    *velocity = self.momentum * *velocity - rate * gradient;
                    *value += *velocity;
                }
            }
            _ => {
                let rate = self.learning_rate as f32 * scale;
                for (value, gradient) in parameters.iter_mut().zip(gradient) {
                    *value -= rate * gradient;
                }
            }
        }
    }
}
