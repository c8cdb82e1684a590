#!/usr/bin/env python3
"""Who is served next by a pool inside a program: 20 users in a closed loop, a pool of two, each holds for 10 ms.

--pool names what to measure: semaphore, queue, lock, asyncio, or MODULE:FUNCTION of your own, which returns two
functions, take() and give(token). In order of arrival every wait is about 90 ms.

    closed_loop.py --pool semaphore
    closed_loop.py --pool my_pool:make --think 5
"""

import argparse
import asyncio
import importlib
import platform
import queue
import sys
import threading
import time

from common import Results, arguments, spread, staggered

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--pool", default="semaphore", help="semaphore, queue, lock, asyncio, or MODULE:FUNCTION")
parser.add_argument("--think", default="0,5", help="milliseconds between giving back and asking again (0,5)")
parser.add_argument("--users", type=int, default=20, help="at most 100")
parser.add_argument("--rounds", type=int, default=40, help="at most 400")
parser.add_argument("--scale", type=float, default=1.0, help="factor on all times, for a busy machine (1), at most 10")
args = arguments(parser)
scale = min(args.scale, 10.0)
users, rounds, HOLD = min(args.users, 100), min(args.rounds, 400), 0.010 * scale


def made(name):
    """take and give of a pool."""
    if name == "semaphore":
        pool = threading.Semaphore(2)
        return pool.acquire, lambda _: pool.release()
    if name == "lock":
        lock = threading.Lock()
        return lock.acquire, lambda _: lock.release()
    if name == "queue":
        tokens = queue.Queue()
        for token in range(2):
            tokens.put(token)
        return tokens.get, tokens.put
    module, _, function = name.partition(":")
    if not function:
        parser.error(f"there is no pool {name}: write MODULE:FUNCTION for one of your own")
    sys.path.insert(0, ".")
    return getattr(importlib.import_module(module), function)()


def with_threads(name, think):
    take, give = made(name)
    waits = []

    def work(i, start):
        for _ in range(rounds):
            asked = time.monotonic()
            token = take()
            waits.append(time.monotonic() - asked)
            time.sleep(HOLD)
            give(token)
            if think:
                time.sleep(think)

    staggered(work, users, 0.0)
    return waits


async def with_tasks(think):
    pool, waits = asyncio.Semaphore(2), []

    async def one():
        for _ in range(rounds):
            asked = time.monotonic()
            await pool.acquire()
            waits.append(time.monotonic() - asked)
            await asyncio.sleep(HOLD)
            pool.release()
            if think:
                await asyncio.sleep(think)

    await asyncio.gather(*(one() for _ in range(users)))
    return waits


results = Results("closed_loop", args.name or f"{args.pool}, CPython {platform.python_version()}", args.out)
found = {}
for think in args.think.split(","):
    seconds = scale * float(think) / 1e3
    waits = asyncio.run(with_tasks(seconds)) if args.pool == "asyncio" else with_threads(args.pool, seconds)
    found[think] = spread([wait / scale for wait in waits])
    results.tell(f"think time {think} ms", **found[think])
first, last = (found[think]["cv"] for think in (args.think.split(",")[0], args.think.split(",")[-1]))
if max(first, last) < 0.5:
    print('  reads as: order = "in-order"')
elif last < 0.5:
    # Each give-back is handed over with probability h: the coefficient of variation is about sqrt((1 - h) / h).
    hand_off = 1 / (1 + first * first)
    print('  reads as: order = "barging"' + (f", hand_off = {hand_off:.2f}" if hand_off > 0.03 else ""))
elif last > 2:
    print('  reads as: order = "last-in-first-out"; see at_random')
else:
    print('  reads as: order = "random"')
results.end()
