"""A long result read by psycopg 3 over the extended protocol, with no limit of rows: counted and summed as it comes."""

import argparse

from common import connect, figure, note, seconds


def read(connection, query):
    """Rows, the sums of the numbers, and the sum of the numbers within the texts."""
    rows, first, second, third = 0, 0, 0.0, 0
    # psycopg uses the extended protocol for binary results; libpq hands the rows over in chunks as they arrive.
    for number, amount, text in connection.cursor().stream(query, binary=True, size=1000):
        rows += 1
        first += number
        second += amount
        third += int(text[5:])
    return rows, first, second, third


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--address", required=True, help="HOST:PORT of a server")
    arguments.add_argument("--query", required=True, help="gives an integer, a float8, and a text 'text <integer>'")
    options = arguments.parse_args()
    wall, (rows, first, second, third) = seconds(lambda: read(connect(options.address), options.query))
    figure("seconds", wall)
    figure("rows", rows)
    figure("sum of integers", first)
    figure("sum of floats", second)
    figure("sum of texts", third)
    note(f"psycopg: {rows} rows in {wall:.2f} s")


main()
