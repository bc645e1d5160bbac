"""One training in SQL: the whole CREATE MODEL … AS SELECT TRAIN_CNN(…) statement, then PREDICT on images not seen."""

from common import connect, fail, figure, note, quoted, seconds
from train_case import arguments


def statement(case, model, seed):
    layers = ", ".join(quoted(layer) for layer in case["layers"])
    return f"""
CREATE OR REPLACE MODEL {model} AS
SELECT TRAIN_CNN(image, label, layers => ARRAY[{layers}], input_shape => ARRAY{case["shape"]}, optimizer => 'adam',
  loss => 'cross_entropy', epochs => {case["epochs"]}, batch_size => {case["batch"]}, seed => {seed})
FROM {case["data"]}_train"""


def measure(connection, options):
    case, runner = options.case, options.runner
    wall, _ = seconds(lambda: connection.execute(statement(case, "learnt", options.seed)))
    rows = connection.execute(f"SELECT count(*) FROM {case['data']}_train").fetchone()[0]
    epochs, learnt = connection.execute(
        """SELECT count(*), sum(seconds) FROM ml.training_history
        WHERE run = (SELECT max(run) FROM ml.training_history WHERE model = 'learnt')"""
    ).fetchone()
    if epochs != case["epochs"]:
        fail(f"ml.training_history has {epochs} epochs, not {case['epochs']}")
    accuracy = connection.execute(
        f"""SELECT avg(CASE WHEN PREDICT('learnt', image) = label THEN 1.0 ELSE 0.0 END)::float8
        FROM {case["data"]}_test"""
    ).fetchone()[0]
    speed = rows * epochs / wall
    figure(f"{runner} samples/s", speed)
    figure(f"{runner} accuracy", accuracy)
    note(
        f"{case['name']}, seed {options.seed}: {runner} {speed:.0f} samples/s, accuracy {accuracy:.4f}, "
        f"statement {wall:.2f} s, epochs {learnt:.2f} s"
    )


def compare_threads(connection, other, options):
    """The same data and seed on a server with another number of threads: the same bytes."""
    hashes = []
    for session in (connection, other):
        session.execute(statement(options.case, "threads", 1))
        hashes.append(session.execute("SELECT hash FROM ml.models WHERE name = 'threads'").fetchone()[0])
    figure("same model for any number of threads", int(hashes[0] == hashes[1]))
    note(f"hash with all threads {hashes[0]}, with another number {hashes[1]}")


def main():
    parser = arguments(__doc__)
    parser.add_argument("--address", required=True, help="HOST:PORT of a server")
    parser.add_argument("--other", help="HOST:PORT of a server with another number of threads, to compare models with")
    parser.add_argument("--runner", default="mead", help="the name that the figures get")
    options = parser.parse_args()
    if options.other:
        compare_threads(connect(options.address), connect(options.other), options)
    else:
        measure(connect(options.address), options)


main()
