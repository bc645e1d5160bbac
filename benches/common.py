"""What the benchmarks share: a connection to the server, and the form in which figures are handed on.

`cargo xtask bench` starts the servers and these scripts, reads the figures they print, and judges them.
"""

import sys
import time

import psycopg


def connect(address):
    """A session of the superuser at HOST:PORT, which trusts local clients."""
    host, port = address.rsplit(":", 1)
    return psycopg.connect(host=host, port=port, user="mead", dbname="default", autocommit=True)


def figure(name, value):
    """Hands a measured value on; a name may come more than once, one for each run."""
    print(f"figure\t{name}\t{value}", flush=True)


def note(text):
    """Something for the reader of the run."""
    print(text, flush=True)


def fail(text):
    """A wrong result: there is nothing to measure then."""
    print(text, file=sys.stderr, flush=True)
    sys.exit(1)


def seconds(action):
    """How long `action` takes, by the wall clock, and what it gives."""
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def quoted(text):
    """A string as SQL writes it."""
    return "'" + str(text).replace("'", "''") + "'"
