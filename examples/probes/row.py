#!/usr/bin/env python3
"""In which order a database serves those who wait for one row.

Makes a table `capsim_probe` with one row, and drops it at the end. First 20 sessions come 20 ms apart, each of which
holds its transaction for 50 ms once it has the row; then 20 sessions in a closed loop hold it for 10 ms each. With
--scale all times are so much longer, and the waits that are printed are divided by it again. How long after the commit of one
the next one has the row is the `wake` of a lock, as far as the processors and not the disk take it.

    row.py --postgresql "host=127.0.0.1 user=postgres"
    row.py --mysql "host=127.0.0.1 user=root"
"""

import argparse
import math
import threading
import time

from common import Results, arguments, inversions, loopback, spread, staggered

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
kind = parser.add_mutually_exclusive_group(required=True)
kind.add_argument("--postgresql", metavar="CONNINFO", help="connection of psycopg: host=127.0.0.1 port=5432 user=…")
kind.add_argument("--mysql", metavar="CONNINFO", help="the same words for PyMySQL, with database=…")
parser.add_argument("--grants", type=int, default=800, help="how often the row is had in the closed loop (800)")
parser.add_argument("--scale", type=float, default=1.0, help="factor on all times, for a busy machine (1), at most 10")
args = arguments(parser)
scale = min(args.scale, 10.0)

words = dict(word.split("=", 1) for word in (args.postgresql or args.mysql).split())
host, port = loopback(words.get("host", "127.0.0.1"), words.get("port", 5432 if args.postgresql else 3306))
if args.postgresql:
    import psycopg

    def connect():
        return psycopg.connect(args.postgresql)

    MAKE = "CREATE TABLE capsim_probe (id int PRIMARY KEY, n int)"
    ADVISORY = "SELECT pg_advisory_xact_lock(7)"
else:
    import pymysql

    def connect():
        return pymysql.connect(
            host=host, port=port, user=words.get("user"), password=words.get("password", ""),
            database=words.get("database"), unix_socket=words.get("socket"),
        )

    MAKE = "CREATE TABLE capsim_probe (id int PRIMARY KEY, n int) ENGINE=InnoDB"
    ADVISORY = None

UPDATE = "UPDATE capsim_probe SET n = n + 1 WHERE id = 1"
SELECT = "SELECT n FROM capsim_probe WHERE id = 1 FOR UPDATE"
CASES = {"update": [UPDATE], "select for update": [SELECT], "select for update, update": [SELECT, UPDATE]}
if ADVISORY:
    CASES["advisory lock, update"] = [ADVISORY, UPDATE]


def transaction(connection, statements, hold):
    """Takes the row, holds it, and gives it back. Returns when it had the row, sent COMMIT and had the answer."""
    with connection.cursor() as cursor:
        cursor.execute(statements[0])
        had = time.monotonic()
        for statement in statements[1:]:
            cursor.execute(statement)
        time.sleep(hold)
    sent = time.monotonic()
    connection.commit()
    return had, sent, time.monotonic()


def in_turn(statements, n=20, gap=0.020, hold=0.050):
    """The order of service of sessions that come one after another."""
    connections = [connect() for _ in range(n)]
    served = []

    def work(i, start):
        served.append((transaction(connections[i], statements, hold * scale)[0], i))

    staggered(work, n, gap * scale)
    for connection in connections:
        connection.close()
    return [i for _, i in sorted(served)]


def closed_loop(statements, grants, n=20, hold=0.010):
    """Waits of sessions that come again as soon as they have been served, and how long after the COMMIT of one was sent and
    answered the next one had the row (medians; negative: before it)."""
    connections = [connect() for _ in range(n)]
    turns, left, lock = [], grants, threading.Lock()

    def work(i, start):
        nonlocal left
        while True:
            with lock:
                if left == 0:
                    return
                left -= 1
            asked = time.monotonic()
            turns.append((*transaction(connections[i], statements, hold * scale), asked))

    staggered(work, n, 0.0)
    for connection in connections:
        connection.close()
    turns.sort()
    pairs = [(one, after) for one, after in zip(turns, turns[1:]) if after[3] < one[1]]
    middle = lambda values: sorted(values)[len(pairs) // 2] if pairs else math.nan
    wakes = [middle([after[0] - one[when] for one, after in pairs]) for when in (1, 2)]
    return [had - asked for had, _, _, asked in turns], wakes


def reads_as(inverted, n, cv):
    """The order of a model that does the same."""
    if inverted <= 5 and cv < 0.4:
        return "in-order"
    if inverted < 0.42 * n * (n - 1) / 2:
        return "by-version"
    return "random"


admin = connect()
with admin.cursor() as cursor:
    if args.postgresql:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0].split()[0]
    else:
        cursor.execute("SELECT VERSION()")
        version = cursor.fetchone()[0].split("-")[0]
    cursor.execute("DROP TABLE IF EXISTS capsim_probe")
    cursor.execute(MAKE)
    cursor.execute("INSERT INTO capsim_probe VALUES (1, 0)")
admin.commit()
results = Results("row", args.name or f"{'postgresql' if args.postgresql else 'mysql'} {version}", args.out)
try:
    for case, statements in CASES.items():
        order = in_turn(statements)
        cv = None
        numbers = {"order": [i + 1 for i in order], "inversions_of_190": inversions(order)}
        waits, (sent, answered) = closed_loop(statements, args.grants)
        waits = spread([wait / scale for wait in waits])
        numbers.update({f"closed_loop_{what}": value for what, value in waits.items()})
        numbers["next_has_it_after_commit_was_sent_ms"] = 1e3 * sent
        numbers["next_has_it_after_commit_was_answered_ms"] = 1e3 * answered
        numbers["reads_as"] = f'order = "{reads_as(inversions(order), 20, waits["cv"])}"'
        results.tell(case, **numbers)
finally:
    with admin.cursor() as cursor:
        cursor.execute("DROP TABLE capsim_probe")
    admin.commit()
results.end()
