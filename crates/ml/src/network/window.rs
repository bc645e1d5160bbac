//! How a window walks over an image, or over the steps of a sequence.

use super::spec::shape_text;

/// How many axes a window moves along, as the names of Keras's layers tell: 1d or 2d.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// Over `[steps, channels]`.
    One,
    /// Over `[height, width, channels]`.
    Two,
}

/// How a window meets the edge, as in Keras.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Windows lie inside the input.
    Valid,
    /// Zeros around the input, so that the output has ⌈size / stride⌉ places.
    Same,
    /// All zeros before the input: no place of the output depends on later steps.
    Causal,
}

/// The window of a convolution or a pool. Along steps it is that of an image of one row: its first axis has the size 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub rank: Rank,
    /// Rows and columns.
    pub size: [usize; 2],
    pub stride: [usize; 2],
    /// The distance between neighbours within a window: 1 leaves no gap.
    pub dilation: [usize; 2],
    pub padding: Padding,
}

impl Window {
    /// All of an image at once.
    pub fn whole(rank: Rank, size: [usize; 2]) -> Self {
        Self { rank, size, stride: [1, 1], dilation: [1, 1], padding: Padding::Valid }
    }

    /// From the first place of a window to behind its last one.
    pub fn reach(&self, axis: usize) -> usize {
        (self.size[axis] - 1) * self.dilation[axis] + 1
    }

    /// How many windows an axis of `size` places has; `None` if not even one fits.
    pub fn output(&self, axis: usize, size: usize) -> Option<usize> {
        match self.padding {
            Padding::Valid => Some(size.checked_sub(self.reach(axis))? / self.stride[axis] + 1),
            Padding::Same | Padding::Causal => Some(size.div_ceil(self.stride[axis])),
        }
    }

    /// Zeros before and behind an axis of `size` places. Of an odd number TensorFlow puts the larger half behind.
    pub fn zeros(&self, axis: usize, size: usize) -> [usize; 2] {
        match self.padding {
            Padding::Valid => [0, 0],
            Padding::Causal => [self.reach(axis) - 1, 0],
            Padding::Same => {
                let last = (size.div_ceil(self.stride[axis]) - 1) * self.stride[axis];
                let missing = (last + self.reach(axis)).saturating_sub(size);
                [missing / 2, missing - missing / 2]
            }
        }
    }

    /// Places of an axis with its zeros.
    pub fn framed(&self, axis: usize, size: usize) -> usize {
        let [before, behind] = self.zeros(axis, size);
        before + size + behind
    }

    /// The values of both axes, of which steps have the second alone.
    pub fn axes<'a>(&self, values: &'a [usize; 2]) -> &'a [usize] {
        match self.rank {
            Rank::One => &values[1..],
            Rank::Two => values,
        }
    }

    /// `3×5`, or `3` along steps, gaps included.
    pub(super) fn reach_text(&self) -> String {
        shape_text(self.axes(&[self.reach(0), self.reach(1)]))
    }
}

/// The image that the windows of a layer walk over: `[height, width, channels]` as it is, `[steps, channels]` as one row.
pub fn image_of(shape: &[usize]) -> Option<[usize; 3]> {
    match shape {
        [height, width, channels] => Some([*height, *width, *channels]),
        [steps, channels] => Some([1, *steps, *channels]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn along(size: usize, stride: usize, dilation: usize, padding: Padding) -> Window {
        Window { rank: Rank::One, size: [1, size], stride: [1, stride], dilation: [1, dilation], padding }
    }

    #[test]
    fn zeros_lie_as_in_tensorflow() {
        for (window, size, output, zeros) in [
            (along(3, 1, 1, Padding::Valid), 7, Some(5), [0, 0]),
            (along(3, 1, 4, Padding::Valid), 9, Some(1), [0, 0]),
            (along(3, 1, 4, Padding::Valid), 8, None, [0, 0]),
            (along(4, 1, 1, Padding::Same), 7, Some(7), [1, 2]),
            (along(5, 2, 1, Padding::Same), 6, Some(3), [1, 2]),
            (along(5, 2, 1, Padding::Same), 7, Some(4), [2, 2]),
            (along(2, 3, 1, Padding::Same), 7, Some(3), [0, 1]),
            (along(2, 3, 1, Padding::Same), 8, Some(3), [0, 0]),
            (along(4, 1, 3, Padding::Same), 6, Some(6), [4, 5]),
            (along(4, 3, 1, Padding::Causal), 10, Some(4), [3, 0]),
            (along(2, 1, 4, Padding::Causal), 11, Some(11), [4, 0]),
        ] {
            assert_eq!((window.output(1, size), window.zeros(1, size)), (output, zeros), "{window:?} over {size}");
        }
    }
}
