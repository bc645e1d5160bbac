"""Images scored by PREDICT from Parquet to CSV, and by ONNX Runtime in Python with the images in memory, in turn.

Both use one model, trained here and exported. ONNX Runtime is given all threads, as it takes them by default, and the batch
that suits it best of those tried. The classes must be the same, except where two are as probable but for rounding.
"""

import argparse
import pathlib

import numpy
import onnxruntime
import pyarrow.csv
import pyarrow.parquet

from common import connect, fail, figure, note, quoted, seconds

TRAIN_ROWS = 10_000
BATCHES = (64, 256, 1024, 4096)
TRIAL_ROWS = 20_000

# Two probabilities nearer than that are the same but for rounding.
TOLERANCE = 1e-5

CREATE_MODEL = f"""
CREATE OR REPLACE MODEL scored AS
SELECT TRAIN_CNN(image, label,
  layers => ARRAY['conv2d(32, 3x3, relu)', 'maxpool(2x2)', 'conv2d(64, 3x3, relu)', 'maxpool(2x2)',
                  'conv2d(64, 3x3, relu)', 'maxpool(2x2)', 'flatten', 'dense(64, relu)', 'dense(10, softmax)'],
  input_shape => ARRAY[28, 28, 1], epochs => 1, batch_size => 32, seed => 1)
FROM images WHERE id < {TRAIN_ROWS}
"""


def load(path):
    """All images as float32 [rows, 784]."""
    file = pyarrow.parquet.ParquetFile(path)
    images = numpy.empty((file.metadata.num_rows, 784), numpy.float32)
    at = 0
    for batch in file.iter_batches(columns=["image"]):
        images[at : at + len(batch)] = batch.column(0).flatten().to_numpy().reshape(-1, 784)
        at += len(batch)
    return images


class Peer:
    """ONNX Runtime on a model of mead's."""

    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(path)
        (self.input,) = self.session.get_inputs()
        self.shape = [-1, *self.input.shape[1:]]
        self.output = self.session.get_outputs()[0].name

    def probabilities(self, images, batch):
        parts = []
        for at in range(0, len(images), batch):
            feed = {self.input.name: images[at : at + batch].reshape(self.shape)}
            parts.append(self.session.run([self.output], feed)[0])
        return numpy.concatenate(parts)


def check(target, classes, probabilities):
    """What mead wrote is what ONNX Runtime found."""
    found = pyarrow.csv.read_csv(target).sort_by("id")
    if found.column("id").to_numpy().tolist() != list(range(len(probabilities))):
        fail(f"PREDICT gave {len(found)} rows, {len(probabilities)} were expected")
    predicted = found.column("predicted").to_numpy()
    places = numpy.array([classes.index(label) for label in predicted.tolist()])
    best = probabilities.argmax(1)
    if len(numpy.unique(best)) < 2:
        fail("the model gives every image the same class: there is nothing to compare")
    other = numpy.flatnonzero(places != best)
    distance = probabilities[other, best[other]] - probabilities[other, places[other]]
    if (distance > TOLERANCE).any():
        fail(f"PREDICT differs from ONNX Runtime in {(distance > TOLERANCE).sum()} rows, first {other[:5]}")
    return len(other)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--address", required=True, help="HOST:PORT of a server")
    arguments.add_argument("--parquet", required=True, type=pathlib.Path, help="id, image (784 floats), label")
    arguments.add_argument("--work", required=True, type=pathlib.Path, help="folder for results")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()

    work = options.work.resolve()
    connection = connect(options.address)
    connection.execute(f"CREATE EXTERNAL TABLE images STORED AS PARQUET LOCATION {quoted(options.parquet.resolve())}")
    connection.execute(CREATE_MODEL)
    connection.execute(f"EXPORT MODEL scored TO {quoted(work / 'scored.onnx')}")
    classes = connection.execute("SELECT MODEL_CLASSES('scored')").fetchone()[0]
    images = load(options.parquet)
    peer = Peer(work / "scored.onnx")
    trial = images[:TRIAL_ROWS]
    walls = {batch: min(seconds(lambda: peer.probabilities(trial, batch))[0] for _ in range(2)) for batch in BATCHES}
    batch = min(walls, key=walls.get)
    tried = ", ".join(f"{size}: {len(trial) / wall:.0f}" for size, wall in walls.items())
    note(f"{len(images)} images; ONNX Runtime {onnxruntime.__version__}, rows/s by batch: {tried}")
    target = work / "predicted.csv"
    scoring = "SELECT id, PREDICT('scored', image) AS predicted FROM images"
    copy = f"COPY ({scoring}) TO {quoted(target)} WITH (FORMAT csv, HEADER true)"
    for round_number in range(1, options.rounds + 1):
        peer_wall, probabilities = seconds(lambda: peer.probabilities(images, batch))
        wall, _ = seconds(lambda: connection.execute(copy))
        near = check(target, classes, probabilities)
        figure("onnxruntime rows/s", len(images) / peer_wall)
        figure("mead rows/s", len(images) / wall)
        note(
            f"round {round_number}: mead {wall:.2f} s, ONNX Runtime {peer_wall:.2f} s, "
            f"{near} rows differ within rounding"
        )


main()
