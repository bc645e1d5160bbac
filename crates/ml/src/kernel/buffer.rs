//! Memory that begins where a line of the cache does, so that no vector lies across two of them.

use std::ops::{Deref, DerefMut};

use arrow::buffer::MutableBuffer;
use arrow::datatypes::ArrowNativeType;

/// Numbers that kernels work on; begun at a multiple of 64 bytes.
#[derive(Debug)]
pub struct Buffer<T> {
    bytes: MutableBuffer,
    values: std::marker::PhantomData<T>,
}

impl<T: ArrowNativeType> Buffer<T> {
    pub fn zeroed(len: usize) -> Self {
        let bytes = MutableBuffer::from_len_zeroed(len.saturating_mul(size_of::<T>()));
        Self { bytes, values: std::marker::PhantomData }
    }

    /// Makes it so long; what is new is zero.
    pub fn resize(&mut self, len: usize) {
        self.bytes.resize(len.saturating_mul(size_of::<T>()), 0);
    }

    /// Makes it so long, all zero.
    pub fn zero(&mut self, len: usize) {
        self.bytes.clear();
        self.resize(len);
    }

    /// Makes it at least so long.
    pub fn reserve(&mut self, len: usize) {
        if self.len() < len {
            self.resize(len);
        }
    }
}

impl<T: ArrowNativeType> Default for Buffer<T> {
    fn default() -> Self {
        Self::zeroed(0)
    }
}

impl<T: ArrowNativeType> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.bytes.typed_data()
    }
}

impl<T: ArrowNativeType> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        self.bytes.typed_data_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_begin_on_a_line_and_stay() {
        let mut buffer = Buffer::<f32>::zeroed(3);
        buffer[2] = 7.0;
        buffer.resize(100_000);
        assert_eq!(buffer.as_ptr().addr() % 64, 0);
        assert_eq!((buffer[2], buffer[99_999], buffer.len()), (7.0, 0.0, 100_000));
        buffer.reserve(10);
        assert_eq!(buffer.len(), 100_000);
    }
}
