//! Gathers the live outputs of a pooled convolution into the lists that its backward pass walks.

use super::Live;

/// What is known of the outputs of some windows, each `[window][filter]`; winners `[window][filter, padded]`.
#[derive(Debug, Clone, Copy)]
pub struct Pooling<'a> {
    pub gradient: &'a [f32],
    pub output: &'a [f32],
    pub winners: &'a [u32],
    pub filters: usize,
    /// Filters, padded to whole panels.
    pub padded: usize,
    /// True if a rectifier lets no gradient through where the output is zero.
    pub relu: bool,
}

impl<'a> Pooling<'a> {
    pub fn windows(&self) -> usize {
        self.gradient.len() / self.filters.max(1)
    }

    /// Some of the windows.
    pub fn part(&self, windows: std::ops::Range<usize>) -> Self {
        let values = windows.start * self.filters..windows.end * self.filters;
        Self {
            gradient: &self.gradient[values.clone()],
            output: &self.output[values],
            winners: &self.winners[windows.start * self.padded..windows.end * self.padded],
            ..*self
        }
    }

    /// Gradient and winner of each filter of each window; a gradient that the rectifier cut off is zero.
    fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = (f32, u32)> + use<'a>> + use<'a> {
        let relu = self.relu;
        let outputs = self.output.chunks_exact(self.filters);
        let winners = self.winners.chunks_exact(self.padded);
        self.gradient.chunks_exact(self.filters).zip(outputs.zip(winners)).map(move |(gradient, (output, winners))| {
            gradient.iter().zip(output.iter().zip(winners)).map(move |(gradient, (output, winner))| {
                let keep = u32::from(!relu | (*output > 0.0)).wrapping_neg();
                (f32::from_bits(gradient.to_bits() & keep), *winner)
            })
        })
    }

    /// Adds the gradient of the bias.
    pub fn add_bias(&self, bias: &mut [f32]) {
        for row in self.rows() {
            for (sum, (gradient, _)) in bias.iter_mut().zip(row) {
                *sum += gradient;
            }
        }
    }

    /// The gradient as it is, `[window][filter, padded]`, zero where the rectifier cut it off.
    pub fn dense(&self, to: &mut [f32]) {
        for (row, to) in self.rows().zip(to.chunks_exact_mut(self.padded)) {
            to[self.filters..].fill(0.0);
            for (to, (gradient, _)) in to.iter_mut().zip(row) {
                *to = gradient;
            }
        }
    }

    /// By filter: `lists`, `[filter][room]` with room for every window, filled as far as `counts` says. A list's offset is
    /// the window's place plus that of its winner.
    pub fn by_filter(&self, windows: &[usize], places: &[usize; 4], lists: &mut [Live], counts: &mut [u32]) {
        let room = windows.len();
        assert!(counts.len() == self.filters && lists.len() >= self.filters * room, "no room for the live outputs");
        counts.fill(0);
        for (row, window) in self.rows().zip(windows) {
            for (filter, ((gradient, winner), count)) in row.zip(counts.iter_mut()).enumerate() {
                let offset = (window + places[(winner & 3) as usize]) as u32;
                // SAFETY: no list is longer than there are windows, and each has room for all of them.
                unsafe { *lists.get_unchecked_mut(filter * room + *count as usize) = Live { gradient, offset } };
                // Without a jump: which outputs live is as good as random.
                *count += u32::from(gradient != 0.0);
            }
        }
    }

    /// By window and place: `lists`, `[place][window][filter]`, filled as far as `counts`, `[window][place]`, says.
    pub fn by_window(&self, lists: &mut [Live], counts: &mut [[u32; 4]]) {
        let windows = self.windows();
        let room = self.filters;
        assert!(counts.len() == windows && lists.len() >= 4 * windows * room, "no room for the live outputs");
        for (window, (row, counts)) in self.rows().zip(counts).enumerate() {
            *counts = [0; 4];
            for (filter, (gradient, winner)) in row.enumerate() {
                let place = (winner & 3) as usize;
                let count = &mut counts[place];
                let at = (place * windows + window) * room + *count as usize;
                // SAFETY: no list is longer than there are filters, and each has room for all of them.
                unsafe { *lists.get_unchecked_mut(at) = Live { gradient, offset: filter as u32 } };
                *count += u32::from(gradient != 0.0);
            }
        }
    }
}
