"""Images to learn from: MNIST's from IDX files, and made ones of any size, which the seed settles."""

import gzip

import numpy

from common import fail

CLASSES = 10

# A made image is its class's pattern, moved by up to so many pixels in each direction, under noise.
SHIFT = 4


def read_idx(path):
    """The array of a gzipped IDX file of bytes."""
    data = gzip.open(path).read()
    dimensions = data[3]
    if data[:3] != b"\0\0\x08" or dimensions not in (1, 3):
        fail(f"{path} is not an IDX file of bytes")
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * dimensions).reshape(shape)


def mnist(folder):
    """10,000 images [rows, 28, 28, 1] of bytes, and their labels."""
    images = read_idx(folder / "images-idx3-ubyte.gz")
    labels = read_idx(folder / "labels-idx1-ubyte.gz")
    if images.shape != (10_000, 28, 28) or labels.shape != (10_000,):
        fail(f"{folder} holds images {images.shape} and labels {labels.shape}, 10,000 of 28 x 28 are needed")
    return images[..., None], labels.astype(numpy.int32)


class Maker:
    """Makes images [rows, height, width, channels] of bytes with labels, as many as are asked for."""

    def __init__(self, shape, seed):
        self.shape = tuple(shape)
        self.random = numpy.random.default_rng(seed)
        height, width, channels = self.shape
        y, x = numpy.meshgrid(numpy.arange(height) / height, numpy.arange(width) / width, indexing="ij")
        patterns = numpy.zeros((CLASSES, height, width, channels), numpy.float32)
        for pattern in patterns:
            for _ in range(4):
                # Whole waves, so that a pattern that is moved over an edge comes in at the other one without a seam.
                down, across = self.random.integers(-3, 4, 2)
                phase = self.random.uniform(0, 2 * numpy.pi, channels)
                pattern += numpy.sin(2 * numpy.pi * (down * y + across * x)[..., None] + phase)
        moves = range(-SHIFT, SHIFT + 1)
        moved = [numpy.roll(patterns, (down, across), (1, 2)) for down in moves for across in moves]
        self.moved = numpy.stack(moved, axis=1)

    def make(self, rows):
        labels = self.random.integers(0, CLASSES, rows, dtype=numpy.int32)
        places = self.random.integers(0, self.moved.shape[1], rows)
        images = self.moved[labels, places]
        images *= self.random.uniform(10, 25, rows).astype(numpy.float32)[:, None, None, None]
        images += 128
        noise = self.random.standard_normal(images.shape, dtype=numpy.float32)
        noise *= 40
        images += noise
        return numpy.clip(images, 0, 255, out=images).astype(numpy.uint8), labels
