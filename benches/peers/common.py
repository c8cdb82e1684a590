"""What the programs for SimPy and Ciw share: the ramp of the workload `closed`, and the line they print."""

import json
import math
import platform
import random
import sys
import time

VUS = 5000
WORKERS = 16
SERVICE_MEAN = 16 / 2680  # seconds
THINK = 1.0  # seconds
END = 600.0  # seconds; the last user has left long before

ARRIVAL_MEAN = 1 / 0.9  # milliseconds, of the workload `mm1`
CUSTOMERS = 5_000_000


def begins(user):
    """When the ramp 0, 1000, 2000, 5000, a minute each, reaches this user (counted from 0)."""
    reached = user + 1
    if reached <= 1000:
        return 60 * reached / 1000
    if reached <= 2000:
        return 60 + 60 * (reached - 1000) / 1000
    return 120 + 60 * (reached - 2000) / 3000


def ends(user):
    """From when the user begins no further iteration: the last to come are the first to go."""
    return 240 + 60 * (VUS - user) / VUS


def arguments():
    """The command line: seed, and how many customers (of `mm1` only)."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    customers = int(sys.argv[2]) if len(sys.argv) > 2 else CUSTOMERS
    random.seed(seed)
    return seed, customers


def report(library, milliseconds, since):
    """Prints one line; `since` is the processor time at which the simulation began."""
    milliseconds.sort()
    count = len(milliseconds)

    def quantile(q):
        return milliseconds[max(0, math.ceil(q * count) - 1)]

    line = {
        "peer": library,
        "python": platform.python_implementation() + " " + platform.python_version(),
        "requests": count,
        "avg_ms": math.fsum(milliseconds) / count,
        "p90_ms": quantile(0.90),
        "p95_ms": quantile(0.95),
        "cpu_seconds": time.process_time() - since,
    }
    print(json.dumps(line))
