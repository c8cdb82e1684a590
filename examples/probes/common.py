"""What all probes share: numbers of a list of waits, a clock, and the rule that they stay on this machine."""

import csv
import ipaddress
import math
import socket
import sys
import threading
import time


def loopback(address, default_port):
    """Host and port of `address`, which must be on the loopback interface: probes are not load generators."""
    host, _, port = address.rpartition(":")
    if not host:
        host, port = address, str(default_port)
    found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0][4][0]
    if not ipaddress.ip_address(found).is_loopback:
        sys.exit(f"error: {host} is {found}, which is not loopback\n  help: run the component on this machine")
    return found, int(port)


def inversions(order):
    """Pairs that were served in the other order than they came: 0 in order, n(n - 1)/4 on average at random."""
    return sum(a > b for i, a in enumerate(order) for b in order[i + 1 :])


def spread(waits):
    """Mean, median, 95th percentile, maximum (milliseconds) and coefficient of variation of waits in seconds."""
    ms = sorted(1e3 * w for w in waits)
    n = len(ms)
    mean = sum(ms) / n
    deviation = math.sqrt(sum((w - mean) ** 2 for w in ms) / n)
    at = lambda p: ms[min(n - 1, int(n * p))]
    return {
        "mean": mean,
        "p50": at(0.5),
        "p95": at(0.95),
        "max": ms[-1],
        "cv": deviation / mean if mean else 0.0,
    }


def staggered(work, n, gap, begin=0.2):
    """Runs work(i, start) in n threads, of which number i begins `gap` seconds after number i - 1."""
    start = time.monotonic() + begin
    failed = []

    def one(i):
        pause = start + i * gap - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        try:
            work(i, start)
        except Exception as why:  # told at the end: a thread of its own would only print it
            failed.append(f"{type(why).__name__}: {why}")

    threads = [threading.Thread(target=one, args=(i,), daemon=True) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    if failed:
        sys.exit(f"error: {len(failed)} of {n} clients failed: {failed[0]}")


class Results:
    """What was measured, printed, and added to a CSV file if one is named."""

    def __init__(self, probe, component, out):
        self.probe, self.component, self.out, self.rows = probe, component, out, []

    def tell(self, case, **values):
        print(f"{self.component}, {case}:")
        for what, value in values.items():
            if isinstance(value, float):
                value = f"{value:.3g}" if value < 10 else f"{value:.0f}"
            elif isinstance(value, list):
                value = " ".join(str(v) for v in value)
            print(f"  {what.replace('_', ' ')}: {value}")
            self.rows.append([self.probe, self.component, case, what, value])

    def end(self):
        if self.out:
            with open(self.out, "a", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerows(self.rows)


def arguments(parser):
    """The option that all probes have."""
    parser.add_argument("--out", metavar="FILE", help="add the numbers to this CSV file")
    parser.add_argument("--name", default="", help="how the component is called in the output")
    return parser.parse_args()
