"""MNIST, trained and asked in SQL, beside Keras: the same network, the same images, alternately.

Input: a folder with the gzipped IDX files of 10,000 images and their labels. The first 8,000 train, the last 2,000
test. A round of mead is the whole CREATE MODEL statement: reading the table, five epochs, publishing the model. A round
of Keras is `fit` on arrays in memory, of which the first epoch is left out: TensorFlow traces its graph in it.
"""

import argparse
import gzip
import pathlib
import time

import numpy
import pyarrow
import pyarrow.parquet

from common import connect, fail, figure, note, quoted, seconds

TRAIN_ROWS = 8_000
ROWS = 10_000
EPOCHS = 5
BATCH = 32

CREATE_MODEL = f"""
CREATE OR REPLACE MODEL {{name}} AS
SELECT TRAIN_CNN(image, label,
  layers => ARRAY['conv2d(32, 3x3, relu)', 'maxpool(2x2)', 'conv2d(64, 3x3, relu)', 'maxpool(2x2)',
                  'conv2d(64, 3x3, relu)', 'maxpool(2x2)', 'flatten', 'dense(64, relu)', 'dense(10, softmax)'],
  input_shape => ARRAY[28, 28, 1], optimizer => 'adam', loss => 'cross_entropy',
  epochs => {EPOCHS}, batch_size => {BATCH}, seed => {{seed}})
FROM digits_train
"""

ACCURACY = """
SELECT avg(CASE WHEN PREDICT('{name}', image) = label THEN 1.0 ELSE 0.0 END)::float8, count(*) FROM digits_test
"""


def read_idx(path):
    """The array of a gzipped IDX file of bytes."""
    data = gzip.open(path).read()
    dimensions = data[3]
    if data[:3] != b"\0\0\x08" or dimensions not in (1, 3):
        fail(f"{path} is not an IDX file of bytes")
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(dimensions)]
    return numpy.frombuffer(data, numpy.uint8, offset=4 + 4 * dimensions).reshape(shape)


def read_mnist(folder):
    images = read_idx(folder / "images-idx3-ubyte.gz")
    labels = read_idx(folder / "labels-idx1-ubyte.gz")
    if images.shape != (ROWS, 28, 28) or labels.shape != (ROWS,):
        fail(f"{folder} holds images {images.shape} and labels {labels.shape}, {ROWS} of 28 x 28 are needed")
    return images, labels


def write_parquet(images, labels, path):
    """One row an image: id, 784 bytes as an array, label."""
    values = pyarrow.array(images.reshape(-1), pyarrow.uint8())
    offsets = pyarrow.array(numpy.arange(ROWS + 1, dtype=numpy.int32) * 784)
    table = pyarrow.table(
        {
            "id": pyarrow.array(numpy.arange(ROWS), pyarrow.int32()),
            "image": pyarrow.ListArray.from_arrays(offsets, values),
            "label": pyarrow.array(labels.astype(numpy.int32)),
        }
    )
    pyarrow.parquet.write_table(table, path)


def make_tables(connection, parquet):
    """The two tables, with pixels / 255."""
    connection.execute(f"CREATE EXTERNAL TABLE mnist STORED AS PARQUET LOCATION {quoted(parquet)}")
    select = "SELECT id, NORMALIZE(image) AS image, label FROM mnist WHERE id"
    connection.execute(f"CREATE TABLE digits_train AS {select} < {TRAIN_ROWS}")
    connection.execute(f"CREATE TABLE digits_test AS {select} >= {TRAIN_ROWS}")
    counts = [connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("digits_train", "digits_test")]
    if counts != [TRAIN_ROWS, ROWS - TRAIN_ROWS]:
        fail(f"the tables have {counts} rows")


def train_mead(connection, name, seed):
    """Trains, and gives the seconds of the whole statement."""
    wall, _ = seconds(lambda: connection.execute(CREATE_MODEL.format(name=name, seed=seed)))
    return wall


def measure_mead(connection, name, seed):
    wall = train_mead(connection, name, seed)
    accuracy, rows = connection.execute(ACCURACY.format(name=name)).fetchone()
    if rows != ROWS - TRAIN_ROWS:
        fail(f"accuracy was taken over {rows} rows")
    epochs, learnt = connection.execute(
        f"SELECT count(*), sum(seconds) FROM ml.training_history WHERE model = {quoted(name)}"
    ).fetchone()
    if epochs != EPOCHS:
        fail(f"ml.training_history has {epochs} epochs of {name}")
    figure("mead accuracy", accuracy)
    figure("mead samples/s", TRAIN_ROWS * EPOCHS / wall)
    figure("mead samples/s within epochs", TRAIN_ROWS * EPOCHS / learnt)
    note(f"mead  seed {seed}: accuracy {accuracy:.4f}, statement {wall:.2f} s, epochs {learnt:.2f} s")


def measure_keras(keras, images, labels, seed):
    class Clock(keras.callbacks.Callback):
        """Seconds of each epoch."""

        def __init__(self):
            super().__init__()
            self.epochs = []

        def on_epoch_begin(self, epoch, logs=None):
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append(time.perf_counter() - self.start)

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    clock = Clock()
    train = slice(0, TRAIN_ROWS)
    model.fit(images[train], labels[train], batch_size=BATCH, epochs=EPOCHS, verbose=0, callbacks=[clock])
    accuracy = model.evaluate(images[TRAIN_ROWS:], labels[TRAIN_ROWS:], verbose=0)[1]
    speed = TRAIN_ROWS * (EPOCHS - 1) / sum(clock.epochs[1:])
    figure("keras accuracy", accuracy)
    figure("keras samples/s", speed)
    note(f"keras seed {seed}: accuracy {accuracy:.4f}, {speed:.0f} samples/s, first epoch {clock.epochs[0]:.2f} s")


def compare_threads(connection, other, parquet):
    """The same data and seed, with two numbers of threads: the same bytes."""
    make_tables(other, parquet)
    hashes = []
    for session in (connection, other):
        train_mead(session, "digits_threads", 1)
        query = "SELECT hash FROM ml.models WHERE name = 'digits_threads'"
        hashes.append(session.execute(query).fetchone()[0])
    figure("same model for any number of threads", int(hashes[0] == hashes[1]))
    note(f"hash with all threads {hashes[0]}, with another number {hashes[1]}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--mnist", required=True, type=pathlib.Path, help="folder of the IDX files")
    arguments.add_argument("--work", required=True, type=pathlib.Path, help="folder for the Parquet file")
    arguments.add_argument("--address", required=True, help="HOST:PORT of a server")
    arguments.add_argument("--other", required=True, help="HOST:PORT of a server with another number of threads")
    arguments.add_argument("--rounds", type=int, default=3, help="each with a seed of its own, from 1")
    options = arguments.parse_args()

    images, labels = read_mnist(options.mnist)
    parquet = (options.work / "mnist.parquet").resolve()
    write_parquet(images, labels, parquet)
    connection = connect(options.address)
    make_tables(connection, parquet)
    compare_threads(connection, connect(options.other), parquet)

    try:
        import keras
    except ImportError as missing:
        note(f"Keras is not measured: {missing}")
        keras = None
    scaled = images.astype(numpy.float32)[..., None] / 255
    for seed in range(1, options.rounds + 1):
        measure_mead(connection, f"digits_{seed}", seed)
        if keras:
            measure_keras(keras, scaled, labels.astype(numpy.int32), seed)


main()
