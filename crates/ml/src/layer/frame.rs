//! An image within zeros, over which the windows of a convolution walk without meeting an edge.

use crate::network::Window;

#[derive(Debug)]
pub(super) struct Frame {
    /// `[height, width, channels]` of the image.
    image: [usize; 3],
    /// Zeros above and left of it, and the size with all zeros.
    before: [usize; 2],
    size: [usize; 2],
}

impl Frame {
    pub(super) fn new(image: [usize; 3], window: &Window) -> Self {
        let before = |axis: usize| window.zeros(axis, image[axis])[0];
        let size = |axis: usize| window.framed(axis, image[axis]);
        Self { image, before: [before(0), before(1)], size: [size(0), size(1)] }
    }

    /// With so many zeros before the image, in a frame of this size.
    pub(super) fn sized(image: [usize; 3], before: [usize; 2], size: [usize; 2]) -> Self {
        assert!((0..2).all(|axis| before[axis] + image[axis] <= size[axis]), "an image does not fit its frame");
        Self { image, before, size }
    }

    /// Values of the image alone.
    pub(super) fn image_len(&self) -> usize {
        self.image.iter().product()
    }

    pub(super) fn channels(&self) -> usize {
        self.image[2]
    }

    /// Values of a row with its zeros.
    pub(super) fn row(&self) -> usize {
        self.size[1] * self.image[2]
    }

    /// Values of the image, with its zeros if there are any.
    pub(super) fn whole_len(&self) -> usize {
        self.size[0] * self.row()
    }

    /// Where the image's first value lies.
    pub(super) fn first(&self) -> usize {
        self.before[0] * self.row() + self.before[1] * self.image[2]
    }

    /// Values that the zeros ask memory for: none where there are no zeros, and the image is read where it lies.
    pub(super) fn len(&self) -> usize {
        if self.size == self.image[..2] { 0 } else { self.size[0] * self.row() }
    }

    /// The image within its zeros, made in `place`.
    pub(super) fn around<'a>(&self, image: &'a [f32], place: &'a mut [f32]) -> &'a [f32] {
        if self.len() == 0 {
            return image;
        }
        place.fill(0.0);
        for (line, start) in image.chunks_exact(self.image[1] * self.image[2]).zip(self.starts()) {
            place[start..start + line.len()].copy_from_slice(line);
        }
        place
    }

    /// Lets `fill` add to an image of zeros with its frame, made in `place`, and keeps what lies within the frame.
    pub(super) fn within(&self, image: &mut [f32], place: &mut [f32], fill: impl FnOnce(&mut [f32])) {
        if self.len() == 0 {
            image.fill(0.0);
            return fill(image);
        }
        place.fill(0.0);
        fill(place);
        for (line, start) in image.chunks_exact_mut(self.image[1] * self.image[2]).zip(self.starts()) {
            line.copy_from_slice(&place[start..start + line.len()]);
        }
    }

    /// What lies within the frame.
    pub(super) fn without(&self, framed: &[f32], image: &mut [f32]) {
        if self.len() == 0 {
            return image.copy_from_slice(framed);
        }
        for (line, start) in image.chunks_exact_mut(self.image[1] * self.image[2]).zip(self.starts()) {
            line.copy_from_slice(&framed[start..start + line.len()]);
        }
    }

    /// Where each row of the image begins among its zeros.
    fn starts(&self) -> impl Iterator<Item = usize> {
        (0..self.image[0]).map(move |y| self.first() + y * self.row())
    }
}
