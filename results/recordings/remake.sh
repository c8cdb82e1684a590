#!/bin/sh
# Fits the models of both test beds to the recordings of low load and predicts those of high load:
#
#     results/recordings/remake.sh DIRECTORY-OF-THE-RECORDINGS
#
# Writes testbed-{a,b}-fitted.toml, testbed-{a,b}.csv, testbed-{a,b}.txt and predicted.md beside this file.
set -eu
recordings=$1
here=$(cd "$(dirname "$0")" && pwd)
capsim=${CAPSIM:-$here/../../target/release/capsim}
cd "$recordings"

"$capsim" fit "$here/testbed-a.toml" \
  --to A/20/summary.json --to A/60/summary.json --to A/120/summary.json \
  --free 'endpoints.fast.**.mean=1ms..100ms' --free 'endpoints.fast.**.cv=0.1..3' \
  --free 'endpoints.slow.**.mean=1ms..200ms' --free 'endpoints.slow.**.cv=0.1..3' \
  --free 'endpoints.*.visits[0].delay=10us..5ms' \
  --holdout A/180/summary.json --holdout A/240/summary.json --holdout A/320/summary.json \
  --budget runs=900 --replications 10 \
  --out "$here/testbed-a-fitted.toml" --table "$here/testbed-a.csv" > "$here/testbed-a.txt"

"$capsim" fit "$here/testbed-b.toml" \
  --to B/20-rep2/summary.json --to B/60-rep2/summary.json --to B/120/summary.json \
  --free 'endpoints.*.visits[0].delay.lognormal.mean=0.1ms..5ms' \
  --free 'endpoints.*.visits[0].delay.lognormal.cv=0.1..4' \
  --free 'endpoints.seats.visits[1].**.mean=0.1ms..20ms' \
  --free 'endpoints.seats.visits[1].**.cv=0.1..10' \
  --free 'endpoints.occupy.visits[1].**.mean=0.3ms..30ms' \
  --free 'endpoints.occupy.visits[1].**.cv=0.1..4' \
  --free 'endpoints.reserve.visits[1].**.mean=0.3ms..30ms' \
  --free 'endpoints.reserve.visits[1].**.cv=0.1..4' \
  --holdout B/200/summary.json --holdout B/300/summary.json --holdout B/400/summary.json \
  --budget runs=1200 --replications 10 \
  --out "$here/testbed-b-fitted.toml" --table "$here/testbed-b.csv" > "$here/testbed-b.txt"

# The numbers that were asked for, as a table.
{
  echo '# Predicted and measured'
  echo
  echo 'Fitted to the runs of up to 120 VUs alone (whole runs, ramps included, as k6 prints them);'
  echo '`± run` is by how much the number of one run varies by chance (one standard deviation, simulated).'
  for bed in a b; do
    printf '\n## Test bed %s\n\n' "$(echo $bed | tr ab AB)"
    echo '| load | number | measured | predicted | error | ± run |'
    echo '|---|---|---:|---:|---:|---:|'
    awk -F, '$1 == "predicted" && ($4 ~ /name:.*(avg|p\(90\)|p\(95\))$/ || $4 == "http_reqs rate") {
      printf "| %s | %s | %.2f | %.2f | %+.1f %% | %.1f %% |\n", $3, $4, $5, $6, 100 * $7, 100 * $8
    }' "$here/testbed-$bed.csv"
    printf '\n'
    sed -n '/^parameters/,/^fit:/p; /^knee/p' "$here/testbed-$bed.txt" | sed 's/^/    /'
  done
} > "$here/predicted.md"
