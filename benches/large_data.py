"""The large set of `score` and of `train`'s memory: images of 784 floats in Parquet, made; always the same ones."""

import argparse
import os
import pathlib

import numpy
import pyarrow
import pyarrow.parquet

import pictures

CHUNK_ROWS = 20_000
SEED = 784


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", required=True, type=int)
    arguments.add_argument("--target", required=True, type=pathlib.Path)
    options = arguments.parse_args()
    fields = [("id", pyarrow.int32()), ("image", pyarrow.list_(pyarrow.float32())), ("label", pyarrow.int32())]
    schema = pyarrow.schema(fields)
    maker = pictures.Maker((28, 28, 1), SEED)
    # Under its own name only when it is whole.
    unfinished = options.target.with_suffix(f".{os.getpid()}.tmp")
    with pyarrow.parquet.ParquetWriter(unfinished, schema) as writer:
        for start in range(0, options.rows, CHUNK_ROWS):
            rows = min(CHUNK_ROWS, options.rows - start)
            images, labels = maker.make(rows)
            values = pyarrow.array(images.reshape(-1).astype(numpy.float32) / 255)
            offsets = pyarrow.array(numpy.arange(rows + 1, dtype=numpy.int32) * 784)
            ids = pyarrow.array(numpy.arange(start, start + rows, dtype=numpy.int32))
            columns = [ids, pyarrow.ListArray.from_arrays(offsets, values), pyarrow.array(labels)]
            writer.write_table(pyarrow.table(columns, schema=schema), row_group_size=CHUNK_ROWS)
    unfinished.rename(options.target)


main()
