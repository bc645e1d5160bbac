"""One epoch over a large table, straight from Parquet. The caller looks at the server's memory meanwhile."""

import argparse
import pathlib

from common import connect, figure, note, quoted, seconds

STATEMENT = """
CREATE OR REPLACE MODEL large AS
SELECT TRAIN_CNN(image, label,
  layers => ARRAY['conv2d(8, 5x5, relu, stride=2)', 'maxpool(2x2)', 'flatten', 'dense(10, softmax)'],
  input_shape => ARRAY[28, 28, 1], epochs => 1, batch_size => 128, seed => 1)
FROM images"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--address", required=True, help="HOST:PORT of a server")
    arguments.add_argument("--parquet", required=True, type=pathlib.Path, help="id, image (784 floats), label")
    options = arguments.parse_args()
    connection = connect(options.address)
    connection.execute(f"CREATE EXTERNAL TABLE images STORED AS PARQUET LOCATION {quoted(options.parquet.resolve())}")
    wall, _ = seconds(lambda: connection.execute(STATEMENT))
    accuracy = connection.execute(
        """SELECT avg(CASE WHEN PREDICT('large', image) = label THEN 1.0 ELSE 0.0 END)::float8
        FROM images WHERE id < 1000"""
    ).fetchone()[0]
    figure("accuracy", accuracy)
    figure("seconds", wall)
    note(f"memory: statement {wall:.2f} s, accuracy on 1,000 of the rows learnt {accuracy:.3f}")


main()
