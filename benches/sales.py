"""The sales analysis: CSV in, missing amounts filled with the mean, statistics for each category, CSV out.

As one SQL statement, in pandas, and in DuckDB for information; alternately, on one file. The results must be the same.
"""

import argparse
import pathlib

import duckdb
import pandas

from common import connect, fail, figure, note, quoted, seconds

STATISTICS = ["mean", "median", "max", "min"]

# What may lie between two sums of the same numbers in another order.
TOLERANCE = 1e-9


def statement(target):
    return f"""
COPY (
  WITH filled AS (
    SELECT category, COALESCE(amount, (SELECT AVG(amount) FROM sales)) AS amount FROM sales
  )
  SELECT category, AVG(amount) AS mean, MEDIAN(amount) AS median, MAX(amount) AS max, MIN(amount) AS min
  FROM filled GROUP BY category ORDER BY category
) TO {quoted(target)} """


def run_mead(connection, target):
    connection.execute(statement(target) + "WITH (FORMAT csv, HEADER true)")


def run_pandas(source, target, engine="c"):
    sales = pandas.read_csv(source, engine=engine)
    sales["amount"] = sales["amount"].fillna(sales["amount"].mean())
    sales.groupby("category")["amount"].agg(STATISTICS).to_csv(target)


def run_duckdb(source, target):
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW sales AS SELECT * FROM read_csv({quoted(source)})")
    connection.execute(statement(target) + "(FORMAT csv, HEADER true)")
    connection.close()


def check(name, target, expected):
    """The written file says what pandas' says."""
    found = pandas.read_csv(target).set_index("category").sort_index()[STATISTICS]
    if list(found.index) != list(expected.index):
        fail(f"{name}: other categories than pandas: {list(found.index)}")
    worst = ((found - expected).abs() / expected.abs()).max().max()
    if not worst <= TOLERANCE:
        fail(f"{name}: differs from pandas by {worst:.2e}\n{found}\n{expected}")
    return worst


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--address", required=True, help="HOST:PORT of a server")
    arguments.add_argument("--csv", required=True, type=pathlib.Path, help="category,amount with a header")
    arguments.add_argument("--work", required=True, type=pathlib.Path, help="folder for the results")
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()

    source = options.csv.resolve()
    work = options.work.resolve()
    connection = connect(options.address)
    connection.execute(
        "CREATE EXTERNAL TABLE sales (category TEXT, amount DOUBLE PRECISION) STORED AS CSV "
        f"LOCATION {quoted(source)} TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    competitors = {
        "pandas": lambda target: run_pandas(source, target),
        "mead": lambda target: run_mead(connection, target),
        "pandas-pyarrow": lambda target: run_pandas(source, target, engine="pyarrow"),
        "duckdb": lambda target: run_duckdb(source, target),
    }
    # The first round only warms: the file comes into the page cache, libraries are loaded.
    for round_number in range(options.rounds + 1):
        expected = None
        for name, run in competitors.items():
            target = work / f"{name}.csv"
            wall, _ = seconds(lambda: run(target))
            if name == "pandas":
                expected = pandas.read_csv(target).set_index("category").sort_index()[STATISTICS]
            worst = check(name, target, expected)
            if round_number > 0:
                figure(f"{name} seconds", wall)
                note(f"round {round_number}: {name} {wall:.2f} s, largest difference to pandas {worst:.1e}")


main()
