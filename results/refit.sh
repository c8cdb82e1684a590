#!/bin/sh
# Fits the three shipped models to their published summaries from parameters that are wrong by a
# factor of two, and writes what came of it to results/refit-*.txt:
#
#     cargo build --release && results/refit.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
capsim=${CAPSIM:-$root/target/release/capsim}
cd "$root"

"$capsim" fit models/token.toml --to tests/data/runs/token.txt \
  --set 'endpoints.issue_token.visits[1].visits[0].time.lognormal.mean=1488us' \
  --set 'endpoints.issue_token.visits[1].visits[0].time.lognormal.cv=1.5' \
  --free 'endpoints.issue_token.**.mean=0.2ms..4ms' --free 'endpoints.issue_token.**.cv=0.2..2' \
  --verbose --budget runs=200 > results/refit-token.txt

"$capsim" fit models/status.toml --to tests/data/runs/status.txt \
  --set 'endpoints.queue_status.visits[1].time.exponential=568us' \
  --set 'stations.server.slowdowns[0].lasts=320ms' \
  --free 'endpoints.queue_status.visits[1].time.exponential=100us..1ms' \
  --free 'stations.server.slowdowns[0].lasts=40ms..640ms' \
  --free 'stations.server.slowdowns[0].leaves=0.1..0.9' \
  --verbose --budget runs=250 > results/refit-status.txt

"$capsim" fit models/reserve.toml --to tests/data/runs/reserve.txt \
  --set 'endpoints.available_seats.visits[1].visits[0].time.gamma.mean=2.35ms' \
  --set 'endpoints.available_seats.visits[1].visits[0].growth.per_thousand=0.1' \
  --set 'endpoints.available_seats.abandoned_work=1.4' \
  --free 'endpoints.**.gamma.mean=0.3ms..5ms' \
  --free 'endpoints.**.growth.per_thousand=0.03..0.8' \
  --free 'endpoints.available_seats.abandoned_work,endpoints.occupy.abandoned_work,endpoints.reserve.abandoned_work=1..6' \
  --verbose --budget runs=600 > results/refit-reserve.txt
