#!/usr/bin/env bash
# most-queue 2.9 (PyPI, queueing theory): M/M/n/r gives a mean wait of 0.29 s where who is served waits 2.89 s.
#
# One server (1/s), three places to wait, ten arrivals a second; states by hand: the server works 99.99 % of the time, 90 %
# are lost, those who get in wait 2.889 s and stay 3.889 s (Little: jobs / rate of those who get in). Seen:
#   arrivals     wait (served)    sojourn (served, all)    utilisation (exact)
#      0.5      0.710 (0.733)     1.710 (1.733, 1.677)        0.5 (0.484)
#      2.0      1.097 (2.267)     2.097 (3.267, 1.581)        2.0 (0.968)
#     10.0      0.289 (2.889)     1.289 (3.889, 0.389)       10.0 (1.000)
# The state probabilities are right, but the queue is divided by the rate of all arrivals, as if the lost ones had waited
# nought, and then a whole service is added, as if they had been served. So the sojourn is neither that of the served nor
# the mean of all, and it becomes shorter the more the queue is overloaded. The utilisation goes above one.
#
# Its README lists the queue as exact; no thread of its repository that a search finds tells of it. Ends with 0 while this
# is so, with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check most-queue==2.9
cat > run.py <<'PY'
import sys

from most_queue.theory.fifo.mmnr import MMnrCalc

PLACES = 3
seen = []
for rate in (0.5, 2.0, 10.0):
    queue = MMnrCalc(n=1, r=PLACES)
    queue.set_sources(rate)
    queue.set_servers(1.0)
    result = queue.run()

    # By hand: P(k) is proportional to rate^k for k = 0..4.
    weights = [rate**k for k in range(PLACES + 2)]
    p = [w / sum(weights) for w in weights]
    jobs = sum(k * share for k, share in enumerate(p))
    served = rate * (1 - p[-1])
    right = all(abs(a - b) < 1e-9 for a, b in zip(p, result.p))
    wait, stay = (jobs - (1 - p[0])) / served, jobs / served
    print(
        f"{rate} a second: states right {right}; wait {result.w[0]:.3f} ({wait:.3f}), "
        f"sojourn {result.v[0]:.3f} ({stay:.3f}, all {jobs / rate:.3f}), utilisation {result.utilization} ({served:.3f})"
    )
    seen.append((right, result.w[0], wait, result.v[0], stay, jobs / rate))
right, wait, exact, stay, exact_stay, of_all = seen[-1]
sys.exit(0 if right and wait < exact / 5 and of_all * 2 < stay < exact_stay / 2 else 1)
PY
venv/bin/python run.py
