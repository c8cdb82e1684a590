#!/usr/bin/env python3
"""In which order a pool of connections in front of PostgreSQL serves, and when its timers go off.

Against PgBouncer or any other pool that speaks PostgreSQL's protocol: --clients sessions come --gap milliseconds
apart, each of which runs a statement of --hold seconds.

    pool.py "host=127.0.0.1 port=6432 user=postgres dbname=probe" --clients 6 --hold 1
"""

import argparse
import time

import psycopg

from common import Results, arguments, inversions, loopback, staggered

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("conninfo", help="as psycopg reads it, with host and port on this machine")
parser.add_argument("--clients", type=int, default=6, help="how many sessions, at most 100")
parser.add_argument("--hold", type=float, default=1.0, help="seconds of each statement, at most 10")
parser.add_argument("--gap", type=float, default=5.0, help="milliseconds from one to the next")
parser.add_argument("--rounds", type=int, default=1, help="how often, one after another")
args = arguments(parser)
args.clients, args.hold = min(args.clients, 100), min(args.hold, 10.0)
words = dict(word.split("=", 1) for word in args.conninfo.split())
loopback(words.get("host", ""), words.get("port", 6432))
results = Results("pool", args.name or args.conninfo, args.out)

for turn in range(min(args.rounds, 10)):
    served, failed = [], []
    connections = [
        psycopg.connect(args.conninfo, autocommit=True, prepare_threshold=None) for _ in range(args.clients)
    ]

    def work(i, start):
        try:
            connections[i].execute(f"SELECT pg_sleep({args.hold})")
            served.append((time.monotonic() - start, i))
        except psycopg.Error:
            failed.append((time.monotonic() - start, i))

    staggered(work, args.clients, args.gap / 1e3)
    for connection in connections:
        connection.close()
    order = [i for _, i in sorted(served)]
    again = f", time {turn + 1}" if args.rounds > 1 else ""
    results.tell(
        f"{args.clients} clients of {args.hold:g} s{again}",
        answered_ms=[round(1e3 * at) for at, _ in sorted(served)],
        order=[i + 1 for i in order],
        inversions=inversions(order),
        failed_ms=[round(1e3 * at) for at, _ in sorted(failed)],
    )
    time.sleep(0.5)
results.end()
