//! From gradients to new parameters.

use super::options::{OptimizerKind, TrainOptions};

/// An optimizer with its state, one place a parameter.
#[derive(Debug)]
pub(super) struct Optimizer {
    kind: OptimizerKind,
    learning_rate: f32,
    momentum: f32,
    step: i32,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Optimizer {
    pub(super) fn new(options: &TrainOptions, parameters: usize) -> Self {
        let kind = options.optimizer;
        let first = if kind == OptimizerKind::Adam || options.momentum > 0.0 { parameters } else { 0 };
        let second = if kind == OptimizerKind::Adam { parameters } else { 0 };
        Self {
            kind,
            learning_rate: options.learning_rate() as f32,
            momentum: options.momentum as f32,
            step: 0,
            first: vec![0.0; first],
            second: vec![0.0; second],
        }
    }

    /// One step against the gradient.
    pub(super) fn apply(&mut self, parameters: &mut [f32], gradient: &[f32]) {
        self.step += 1;
        match self.kind {
            OptimizerKind::Adam => self.adam(parameters, gradient),
            _ if self.momentum > 0.0 => {
                for ((value, gradient), velocity) in parameters.iter_mut().zip(gradient).zip(&mut self.first) {
                    *velocity = self.momentum * *velocity - self.learning_rate * gradient;
                    *value += *velocity;
                }
            }
            _ => {
                for (value, gradient) in parameters.iter_mut().zip(gradient) {
                    *value -= self.learning_rate * gradient;
                }
            }
        }
    }

    fn adam(&mut self, parameters: &mut [f32], gradient: &[f32]) {
        const BETA_1: f32 = 0.9;
        const BETA_2: f32 = 0.999;
        const EPSILON: f32 = 1e-7;
        let correction = (1.0 - f64::from(BETA_2).powi(self.step)).sqrt() / (1.0 - f64::from(BETA_1).powi(self.step));
        let rate = (f64::from(self.learning_rate) * correction) as f32;
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((value, gradient), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *first += (1.0 - BETA_1) * (gradient - *first);
            *second += (1.0 - BETA_2) * (gradient * gradient - *second);
            *value -= rate * *first / (second.sqrt() + EPSILON);
        }
    }
}
