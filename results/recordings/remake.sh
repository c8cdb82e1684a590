#!/bin/sh
# Fits the models of both test beds to the recordings of low load and predicts those of high load:
#
#     results/recordings/remake.sh DIRECTORY-OF-THE-RECORDINGS
#
# Writes testbed-{a,b}-fitted.toml, testbed-{a,a-truth,b}.{csv,txt} and predicted.md beside this file.
# Takes about three minutes on two cores.
set -eu
recordings=$1
here=$(cd "$(dirname "$0")" && pwd)
capsim=${CAPSIM:-$here/../../target/release/capsim}
cd "$recordings"

# Each run to be predicted, as k6's summary has it and its hold alone.
hold=7s..35s
held_out() {
  for run in "$@"; do
    printf -- '--holdout %s/summary.json --holdout %s/k6.csv.gz@window=%s ' "$run" "$run" "$hold"
  done
}

# shellcheck disable=SC2046
"$capsim" fit "$here/testbed-a-truth.toml" --to A/120/summary.json \
  $(held_out A/180 A/240 A/320) --replications 60 --verbose \
  --table "$here/testbed-a-truth.csv" > "$here/testbed-a-truth.txt"

# shellcheck disable=SC2046
"$capsim" fit "$here/testbed-a.toml" \
  --to A/20/k6.csv.gz --to A/60/k6.csv.gz --to A/120/k6.csv.gz \
  --free 'endpoints.fast.**.mean=1ms..100ms' --free 'endpoints.fast.**.cv=0.1..3' \
  --free 'endpoints.slow.**.mean=1ms..200ms' --free 'endpoints.slow.**.cv=0.1..3' \
  --free 'endpoints.*.visits[0].delay=10us..5ms' \
  $(held_out A/180 A/240 A/320) \
  --verbose --budget runs=15000 --replications 60 \
  --out "$here/testbed-a-fitted.toml" --table "$here/testbed-a.csv" | sed "s|$here/||" > "$here/testbed-a.txt"

# shellcheck disable=SC2046
"$capsim" fit "$here/testbed-b.toml" \
  --to B/20-rep2/k6.csv.gz --to B/60-rep2/k6.csv.gz --to B/120/k6.csv.gz \
  --free 'endpoints.*.visits[0].time.lognormal.mean=0.1ms..5ms' \
  --free 'endpoints.*.visits[0].time.lognormal.cv=0.1..2' \
  --free 'stations.*.setup.time=0.02ms..2ms' --free 'stations.*.setup.half_after=0.3ms..40ms' \
  --free 'endpoints.*.visits[1].delay.mixture[1].weight=0.003..0.5' \
  --free 'endpoints.seats.visits[2].visits[1].delay.mixture[1].weight=0.003..0.5' \
  --free 'endpoints.*.visits[1].delay.mixture[1].of.exponential,endpoints.seats.visits[2].visits[1].delay.mixture[1].of.exponential=0.5ms..20ms' \
  --free 'endpoints.seats.visits[2].visits[0].**.mean=0.05ms..5ms' \
  --free 'endpoints.occupy.visits[2].visits[1].**.mean=0.3ms..10ms' \
  --free 'endpoints.reserve.visits[2].visits[1].**.mean=0.3ms..10ms' \
  --free 'endpoints.*.visits[2].visits[2].delay.mixture[1].weight=0.03..5' \
  --free 'endpoints.*.visits[2].visits[2].delay.mixture[1].of.lognormal.mean=0.5ms..20ms' \
  --free 'endpoints.*.visits[2].visits[2].delay.mixture[1].of.lognormal.cv=0.2..4' \
  $(held_out B/200 B/300 B/400) \
  --verbose --budget runs=15000 --replications 30 \
  --out "$here/testbed-b-fitted.toml" --table "$here/testbed-b.csv" | sed "s|$here/||" > "$here/testbed-b.txt"

# B with the two programs and the load generator on one host, predicted beyond the knee.
beyond() {
  for run in "$@"; do printf -- '--holdout %s/k6.csv.gz@window=%s ' "$run" "$hold"; done
}
# shellcheck disable=SC2046
"$capsim" fit "$here/testbed-b-host.toml" \
  --to B/20-rep2/k6.csv.gz --to B/60-rep2/k6.csv.gz --to B/120/k6.csv.gz \
  --free 'endpoints.*.visits[0].time.lognormal.mean=0.1ms..5ms' \
  --free 'endpoints.*.visits[0].time.lognormal.cv=0.1..2' \
  --free 'hosts.machine.load_generator=0.05ms..1ms' \
  --free 'hosts.*.setup.time=0.02ms..2ms' --free 'hosts.*.setup.after=0.3ms..40ms' \
  --free 'endpoints.*.visits[1].delay.mixture[1].weight=0.003..0.5' \
  --free 'endpoints.seats.visits[2].visits[1].delay.mixture[1].weight=0.003..0.5' \
  --free 'endpoints.*.visits[1].delay.mixture[1].of.exponential,endpoints.seats.visits[2].visits[1].delay.mixture[1].of.exponential=0.5ms..20ms' \
  --free 'endpoints.seats.visits[2].visits[0].time.lognormal.mean=0.05ms..5ms' \
  --free 'endpoints.occupy.visits[2].visits[1].time.lognormal.mean=0.3ms..10ms' \
  --free 'endpoints.reserve.visits[2].visits[1].time.lognormal.mean=0.3ms..10ms' \
  --free 'endpoints.*.visits[2].visits[2].delay.mixture[1].weight=0.03..5' \
  --free 'endpoints.*.visits[2].visits[2].delay.mixture[1].of.lognormal.mean=0.5ms..20ms' \
  --free 'endpoints.*.visits[2].visits[2].delay.mixture[1].of.lognormal.cv=0.2..4' \
  $(beyond B/300 B/400 B/500 B/600 B/600-rep2 B/800) \
  --verbose --out "$here/testbed-b-host-fitted.toml" --table "$here/testbed-b-host.csv" |
  sed "s|$here/||" > "$here/testbed-b-host.txt"

# The numbers that were asked for, as a table: whole run and hold side by side.
compare() {
  awk -F, -v truth="$2" '
    function asked(number) { return number ~ /name:.*(avg|p\(90\)|p\(95\))$/ || number == "http_reqs rate" }
    function wide(number) { return number == "http_reqs rate" ? 0.03 : 0.10 }
    FNR == 1 { file++; next }
    $1 == "predicted" && asked($5) {
      view = $4 == "all" ? "whole" : "hold"
      key = $3 "|" $5
      if (file == 1) {
        if (!(key in seen)) { seen[key] = 1; order[++n] = key }
        row[key, view] = sprintf("%.2f | %.2f | %+.1f %%%s | %.1f %%", $6, $7, 100 * $8,
          ($8 > wide($5) || $8 < -wide($5)) ? " **" : "", 100 * $10)
        total[view]++
        if ($8 <= wide($5) && $8 >= -wide($5)) met[view]++
        if ($8 <= 2 * $10 && $8 >= -2 * $10) near[view]++
      } else {
        true_error[key, view] = sprintf(" | %+.1f %%%s", 100 * $8,
          ($8 > wide($5) || $8 < -wide($5)) ? " **" : "")
        if ($8 <= wide($5) && $8 >= -wide($5)) true_met[view]++
      }
    }
    END {
      extra = truth ? " | truth" : ""; line = truth ? "|---:" : ""
      print "| load | number | whole run: measured | predicted | error | ± all" extra \
        " | hold: measured | predicted | error | ± all" extra " |"
      print "|---|---|---:|---:|---:|---:" line "|---:|---:|---:|---:" line "|"
      for (i = 1; i <= n; i++) {
        split(order[i], part, "|")
        print "| " part[1] " | " part[2] " | " row[order[i], "whole"] true_error[order[i], "whole"] \
          " | " row[order[i], "hold"] true_error[order[i], "hold"] " |"
      }
      printf "\nWithin bounds: whole run %d of %d, hold %d of %d", met["whole"], total["whole"], met["hold"], total["hold"]
      if (truth) printf " (the true parameters: %d and %d)", true_met["whole"], true_met["hold"]
      printf ". Within twice `± all`: %d and %d.\n", near["whole"], near["hold"]
    }' "$here/testbed-$1.csv" ${2:+"$2"}
}
{
  echo '# Predicted and measured'
  echo
  echo 'Fitted to the runs of up to 120 VUs alone. Whole run: ramps included, as k6 prints it. Hold: what ended'
  echo "$hold after the first request began. \`± all\` is one standard deviation of what a run may show, for"
  echo 'chance and parameters that are not known exactly. `**` is outside the bounds of 3 % (rate) and 10 %.'
  echo '`truth` (A) is the error of the true parameters, simulated: no fit can be expected to do better.'
  for bed in a b; do
    printf '\n## Test bed %s\n\n' "$(echo $bed | tr ab AB)"
    truth=$here/testbed-$bed-truth.csv
    if [ -e "$truth" ]; then compare $bed "$truth"; else compare $bed ''; fi
    printf '\n'
    sed -n '/^parameters/,/^fit:/p; /^knee/p' "$here/testbed-$bed.txt" | sed 's/^/    /'
  done
} > "$here/predicted.md"
