//! Resizing by separable interpolation with half-pixel centres, as `tf.image.resize` and OpenCV do: no smoothing before
//! an image is made smaller, values outside the image left out of the weights.

/// How a value between pixels is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Method {
    /// The pixel whose centre is nearest.
    Nearest,
    /// A straight line between the two neighbours, in each direction.
    Bilinear,
    /// Catmull-Rom over four neighbours (Keys, a = -0.5). Values may overshoot those of the image.
    Bicubic,
}

/// The words that SQL has for the methods.
pub(super) const METHODS: [(&str, Method); 3] =
    [("nearest", Method::Nearest), ("bilinear", Method::Bilinear), ("bicubic", Method::Bicubic)];

/// Resizes images of one size to another; the weights are computed once.
pub(super) struct Resampler {
    from: (usize, usize),
    rows: Vec<Taps>,
    columns: Vec<Taps>,
    line: Vec<f32>,
}

/// The source positions that make up one target position, the first and their weights.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Resampler {
    /// `from` and `to` are (height, width), each at least one.
    pub fn new(from: (usize, usize), to: (usize, usize), method: Method) -> Self {
        Self { from, rows: taps(from.0, to.0, method), columns: taps(from.1, to.1, method), line: vec![] }
    }

    pub fn from(&self) -> (usize, usize) {
        self.from
    }

    /// `source` is `[from.0, from.1, channels]`, `target` `[to.0, to.1, channels]`.
    pub fn resample(&mut self, source: &[f32], channels: usize, target: &mut [f32]) {
        let source_line = self.from.1 * channels;
        let target_line = self.columns.len() * channels;
        if source_line == 0 || target_line == 0 {
            return;
        }
        // One line is held between the two directions, so that memory does not depend on the sizes.
        self.line.clear();
        self.line.resize(source_line, 0.0);
        for (row, target) in self.rows.iter().zip(target.chunks_exact_mut(target_line)) {
            self.line.fill(0.0);
            let lines = source.chunks_exact(source_line).skip(row.first);
            for (weight, line) in row.weights.iter().zip(lines) {
                add_scaled(&mut self.line, line, *weight);
            }
            target.fill(0.0);
            for (column, pixel) in self.columns.iter().zip(target.chunks_exact_mut(channels)) {
                let pixels = self.line.chunks_exact(channels).skip(column.first);
                for (weight, source) in column.weights.iter().zip(pixels) {
                    add_scaled(pixel, source, *weight);
                }
            }
        }
    }
}

fn add_scaled(target: &mut [f32], source: &[f32], weight: f32) {
    for (target, source) in target.iter_mut().zip(source) {
        *target += weight * source;
    }
}

fn taps(from: usize, to: usize, method: Method) -> Vec<Taps> {
    let scale = from as f64 / to as f64;
    (0..to)
        .map(|index| {
            // The position of the target pixel's centre, counted in source pixels whose centres are whole numbers.
            let center = (index as f64 + 0.5) * scale - 0.5;
            match method {
                Method::Nearest => {
                    let nearest = ((index as f64 + 0.5) * scale).floor() as usize;
                    Taps { first: nearest.min(from - 1), weights: vec![1.0] }
                }
                Method::Bilinear => weighted(center, 1, from, |distance| (1.0 - distance).max(0.0)),
                Method::Bicubic => weighted(center, 2, from, catmull_rom),
            }
        })
        .collect()
}

/// Weights of the pixels within `radius` of `center` that exist, summing to one.
fn weighted(center: f64, radius: i64, from: usize, kernel: impl Fn(f64) -> f64) -> Taps {
    let base = center.floor() as i64;
    let first = (base - radius + 1).max(0);
    let last = (base + radius).min(from as i64 - 1);
    let weights: Vec<f64> = (first..=last).map(|pixel| kernel((pixel as f64 - center).abs())).collect();
    let sum: f64 = weights.iter().sum();
    Taps { first: first as usize, weights: weights.into_iter().map(|weight| (weight / sum) as f32).collect() }
}

fn catmull_rom(distance: f64) -> f64 {
    let x = distance;
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resize(source: &[f32], from: (usize, usize), to: (usize, usize), channels: usize, method: Method) -> Vec<f32> {
        let mut target = vec![f32::NAN; to.0 * to.1 * channels];
        Resampler::new(from, to, method).resample(source, channels, &mut target);
        target
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let source: Vec<f32> = (0..24).map(|value| value as f32).collect();
        for (_, method) in METHODS {
            assert_eq!(resize(&source, (2, 4), (2, 4), 3, method), source);
        }
    }

    #[test]
    fn bilinear_gives_the_values_of_tensorflow() {
        // tf.image.resize([[[0.],[10.]]], [1, 4]) and tf.image.resize([[[0.],[1.],[2.],[3.]]], [1, 2])
        assert_eq!(resize(&[0., 10.], (1, 2), (1, 4), 1, Method::Bilinear), [0., 2.5, 7.5, 10.]);
        assert_eq!(resize(&[0., 1., 2., 3.], (1, 4), (1, 2), 1, Method::Bilinear), [0.5, 2.5]);
    }

    #[test]
    fn nearest_repeats_pixels() {
        let doubled = resize(&[1., 2., 3., 4.], (2, 2), (4, 4), 1, Method::Nearest);
        assert_eq!(doubled, [1., 1., 2., 2., 1., 1., 2., 2., 3., 3., 4., 4., 3., 3., 4., 4.]);
    }

    #[test]
    fn a_flat_image_stays_flat() {
        for (_, method) in METHODS {
            for to in [(1, 1), (5, 7), (40, 3)] {
                let image = resize(&[9.0; 8 * 8 * 3], (8, 8), to, 3, method);
                assert!(image.iter().all(|value| (value - 9.0).abs() < 1e-4), "{method:?} {to:?}");
            }
        }
    }

    #[test]
    fn channels_do_not_mix() {
        let image = resize(&[0., 100., 10., 200.], (1, 2), (1, 4), 2, Method::Bilinear);
        assert_eq!(image, [0., 100., 2.5, 125., 7.5, 175., 10., 200.]);
    }
}
