"""The images of `train`: as arrays for the peers, and as tables `NAME_train` and `NAME_test` on each server."""

import argparse
import pathlib

import numpy
import pyarrow
import pyarrow.parquet

import pictures
from common import connect, fail, note, quoted
from train_case import test_rows

MADE_ROWS = 5_000
MADE_SHAPE = (32, 32, 3)
MADE_SEED = 2026


def write_parquet(images, labels, path):
    """One row an image: id, its bytes as an array, label."""
    rows, size = len(images), images[0].size
    values = pyarrow.array(images.reshape(-1), pyarrow.uint8())
    offsets = pyarrow.array(numpy.arange(rows + 1, dtype=numpy.int32) * size)
    table = pyarrow.table(
        {
            "id": pyarrow.array(numpy.arange(rows), pyarrow.int32()),
            "image": pyarrow.ListArray.from_arrays(offsets, values),
            "label": pyarrow.array(labels),
        }
    )
    pyarrow.parquet.write_table(table, path)


def make_tables(connection, name, parquet, rows):
    """The two tables, with pixels / 255."""
    train = rows - test_rows(rows)
    connection.execute(f"CREATE EXTERNAL TABLE {name} STORED AS PARQUET LOCATION {quoted(parquet)}")
    select = f"SELECT id, NORMALIZE(image) AS image, label FROM {name} WHERE id"
    connection.execute(f"CREATE TABLE {name}_train AS {select} < {train}")
    connection.execute(f"CREATE TABLE {name}_test AS {select} >= {train}")
    counts = [connection.execute(f"SELECT count(*) FROM {name}_{t}").fetchone()[0] for t in ("train", "test")]
    if counts != [train, rows - train]:
        fail(f"the tables have {counts} rows")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", required=True, choices=["mnist", "made"])
    arguments.add_argument("--mnist", type=pathlib.Path, help="folder of the IDX files")
    arguments.add_argument("--work", required=True, type=pathlib.Path)
    arguments.add_argument("--address", required=True, action="append", help="HOST:PORT of a server")
    options = arguments.parse_args()

    if options.data == "mnist":
        images, labels = pictures.mnist(options.mnist)
    else:
        images, labels = pictures.Maker(MADE_SHAPE, MADE_SEED).make(MADE_ROWS)
    folder = (options.work / options.data).resolve()
    folder.mkdir()
    numpy.save(folder / "images.npy", images)
    numpy.save(folder / "labels.npy", labels)
    parquet = folder / "images.parquet"
    write_parquet(images, labels, parquet)
    for address in options.address:
        make_tables(connect(address), options.data, parquet, len(images))
    note(f"{options.data}: {len(images)} images {images.shape[1:]}, the last {test_rows(len(images))} to test on")


main()
