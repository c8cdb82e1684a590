#!/usr/bin/env bash
# throttled-py 3.5.0 (PyPI): a limit of 119 per minute lets 61 per minute through, with the default algorithm.
#
# A caller asks 20 times a second for ten minutes (a clock that the script moves itself); a bucket of ten, so what is due
# is the quota and at most ten more. Seen, in calls per minute:
#   quota           60      90     119     120     179
#   token_bucket    61      61      61     121     121   (the default)
#   leaking_bucket  61      61      61     121     121
#   gcra            61      91     120     121     180
# Both buckets take the time in whole seconds, round the refill down to whole tokens, and move the time of the last refill
# on to now, so the fraction is lost at each call that is let through. The rate becomes a whole number per second: up to
# half of the quota is lost, and a quota below one per second that is asked for steadily loses, too.
#
# Its README gives no hint of it, nor does a thread of its repository that a search finds. (varnish-modules had the same in
# vsthrottle, pull request 243.) Ends with 0 while this is so, with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check throttled-py==3.5.0
cat > run.py <<'PY'
import sys
import time

from throttled import Throttled, rate_limiter, store

clock = [1_700_000_000.0]
time.time = lambda: clock[0]
time.monotonic = lambda: clock[0]
MINUTES = 10


def granted(algorithm, quota):
    using = {"using": algorithm} if algorithm else {}
    limiter = Throttled(key="k", quota=rate_limiter.per_min(quota, burst=10), store=store.MemoryStore(), **using)
    calls = 0
    for _ in range(MINUTES * 60 * 20):
        calls += not limiter.limit().limited
        clock[0] += 0.05
    return calls / MINUTES


rates = {}
for algorithm in (None, "token_bucket", "leaking_bucket", "gcra"):
    for quota in (60, 90, 119, 120, 179):
        rates[algorithm, quota] = granted(algorithm, quota)
    line = "  ".join(f"{quota}: {rates[algorithm, quota]:.1f}" for quota in (60, 90, 119, 120, 179))
    print(f"{algorithm or 'default'}: quota and calls per minute  {line}")
lost = all(rates[a, 119] < 70 for a in (None, "token_bucket", "leaking_bucket"))
sys.exit(0 if lost and rates["gcra", 119] > 115 and rates["gcra", 179] > 175 else 1)
PY
venv/bin/python run.py
