#!/usr/bin/env bash
# aiolimiter 1.3.0 (PyPI): who asks for five units of ten never gets them while others ask for one.
#
# `acquire(amount)`: "If the limit has been reached, blocks until enough capacity has been freed before returning." Ten
# units a second, the bucket used up; one task asks for five, then three tasks ask for one unit after the other, for six
# seconds. In order of arrival the five would be there after 0.5 s. Seen:
#   62 small ones let through in six seconds; the large one waited 6.5 s, until nobody else asked
# Those who wait stand in order of their amounts, the smallest first, and whoever comes new takes what is free without
# looking at them. So a bulk request (a batch, a weighted call) waits for the end of the load, without a limit, and with
# weights the limiter favours the light calls by as much as there are of them.
#
# Its documentation says nothing of the order (change log of 1.2.0: "a heapq for blocked tasks", for speed), nor does a
# thread of its repository that a search finds. Ends with 0 while this is so, with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiolimiter==1.3.0
cat > run.py <<'PY'
import asyncio
import sys

from aiolimiter import AsyncLimiter

SECONDS = 6


async def main():
    loop = asyncio.get_running_loop()
    limiter = AsyncLimiter(10, 1)
    await limiter.acquire(10)
    start = loop.time()
    calls = 0

    async def large():
        await limiter.acquire(5)
        return loop.time() - start

    async def small():
        nonlocal calls
        while loop.time() - start < SECONDS:
            await limiter.acquire(1)
            calls += 1

    first = asyncio.create_task(large())
    await asyncio.sleep(0)
    await asyncio.gather(*[small() for _ in range(3)])
    served = first.done()
    wait = await first
    print(f"{calls} small ones let through; the large one, asked for before them, waited {wait:.1f} s")
    return not served and wait > SECONDS / 2


sys.exit(0 if asyncio.run(main()) else 1)
PY
venv/bin/python run.py
