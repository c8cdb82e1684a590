#!/bin/sh
# How often predictions hold: fits the lower loads of both test beds, predicts the next one, and scores it.
#
#     results/recordings/coverage.sh DIRECTORY-OF-THE-RECORDINGS
#
# Writes coverage.md beside this file. Takes five to ten minutes on two cores.
set -eu
recordings=$1
here=$(cd "$(dirname "$0")" && pwd)
capsim=${CAPSIM:-$here/../../target/release/capsim}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$recordings"

to() {
  bed=$1; shift
  for run in "$@"; do printf -- '--to %s/%s/k6.csv.gz ' "$bed" "$run"; done
}
# shellcheck disable=SC2046
fit_A() {
  "$capsim" fit "$here/testbed-a.toml" $(to A "$@") \
    --free 'endpoints.fast.**.mean=1ms..100ms' --free 'endpoints.fast.**.cv=0.1..3' \
    --free 'endpoints.slow.**.mean=1ms..200ms' --free 'endpoints.slow.**.cv=0.1..3' \
    --free 'endpoints.*.visits[0].delay=10us..5ms' --out "$work/fitted.toml" > "$work/fit.txt"
}
# shellcheck disable=SC2046
fit_B() {
  "$capsim" fit "$here/testbed-b.toml" $(to B "$@") \
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
    --out "$work/fitted.toml" > "$work/fit.txt"
}

# B with server, database and load generator on one host, as in remake.sh.
# shellcheck disable=SC2046
fit_host() {
  "$capsim" fit "$here/testbed-b-host.toml" $(to B "$@") \
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
    --out "$work/host.toml" > "$work/host.txt"
}

# Predicts a level from a fitted model or two, whole run and hold, and scores it against every recording of it.
predict() {
  bed=$1; split=$2; level=$3; from=$4; name=$5; shift 5
  for window in '' 7s..35s; do
    "$capsim" predict "$@" --set "load=$(awk "BEGIN { print $level / 120 }")" --runs 60 \
      ${window:+--window "$window"} --out "$work/p.json" > "$work/predicted.txt"
    for run in "$level" "$level-rep2"; do
      [ -d "$bed/$run" ] || continue
      "$capsim" score "$work/p.json" --against "$bed/$run/k6.csv.gz" --all > "$work/score.txt"
      # Of each number, half of its range of 95 % stands before its score, as a share of its median.
      awk -v split_="$split|$name" '
        / … / { sub(/.* … /, ""); sub(/ %.*/, ""); n = split($0, field, " "); if (field[n] != "-") print split_ "|" field[n] }
        ' "$work/score.txt" >> "$work/halves.txt"
      awk -v row="$name|$split|$from|$run|${window:-whole}" '
        /^inside/ { in95 = $4; n = $6; in80 = $10; sub(/;/, "", n) }
        /^beside/ { for (i = 1; i <= NF; i++) if ($i == "against") { own = $(i - 2); formula = $(i + 1) } }
        /^median half-width/ { half = $8 }
        END { print row "|" n "|" in95 "|" in80 "|" own "|" formula "|" half }' "$work/score.txt" >> "$work/all.txt"
    done
  done
}

# Fits to some runs if they are not those of before, and predicts a level; B also by its host, and by both.
fitted_to=
all_of() {
  bed=$1; split=$2; level=$3; from=$4; shift 4
  if [ "$fitted_to" != "$bed $*" ]; then
    "fit_$bed" "$@"
    if [ "$bed" = B ]; then fit_host "$@"; fi
    fitted_to="$bed $*"
  fi
  predict "$bed" "$split" "$level" "$from" "$bed" "$work/fitted.toml"
  if [ "$bed" = B ]; then
    predict B "$split" "$level" "$from" 'B on a host' "$work/host.toml"
    predict B "$split" "$level" "$from" 'B as either' "$work/fitted.toml" --or "$work/host.toml"
  fi
}

# Each level from all below it; then the levels beyond, from the three lowest alone.
ladder() {
  bed=$1; shift
  lower="$1 $2"; shift 2
  for level in "$@"; do
    # shellcheck disable=SC2086
    all_of "$bed" next "$level" "$(echo "$lower" | awk '{ print $1 " … " $NF }')" $lower
    lower="$lower $level"
  done
}
ladder A 20 60 120 180 240 320 400
ladder B 20-rep2 60-rep2 120 200 300 400 500 600 800
for level in 240 320 400; do all_of A far "$level" '20 … 120' 20 60 120; done
for level in 300 400 500 600 800; do
  all_of B far "$level" '20-rep2 … 120' 20-rep2 60-rep2 120
done

# The median of the half-widths of each test bed and of both together.
median_of() {
  grep -E "^$1\\|" "$work/halves.txt" | cut -d'|' -f3 | sort -g |
    awk -v key="$2" '{ all[NR] = $1 } END { printf "%s|%.1f\n", key, (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'
}
{
  for split in next far; do
    for bed in A B 'B on a host' 'B as either'; do median_of "$split\\|$bed" "$split|$bed"; done
  done
  median_of 'next\|[AB]' 'next|A and B'
  median_of 'next\|(A|B as either)' 'next|A and B as either'
} > "$work/medians.txt"

{
  echo '# How often predictions hold'
  echo
  echo 'Made by `coverage.sh`. *next*: fitted to all lower loads. *far*: fitted to the three lowest alone. Score: CRPS'
  echo 'of the logarithm, a relative error, of the prediction and of the formula (M/M/m//N on the fitted means). Half-width:'
  echo 'the median over all numbers of half the range of 95 %, as a share of the number'"'"'s predicted median.'
  echo '*B* is `testbed-b.toml`, *B on a host* `testbed-b-host.toml`, and *B as either* draws from both'
  echo '(`predict fitted.toml --or host.toml`), as leaving loads out does not tell which of the two is nearer.'
  echo
  echo 'B at the knee (500 VUs, and the second run of 600) is not as sure as *B* says when fitted to 120 VUs and less: its ramp'
  echo 'leaves a backlog that comes back in waves, all 40 threads wait, and `/status` with them; `testbed-b.toml` has no part'
  echo 'that does that.'
  echo
  echo 'The defaults of drift (1 ± 1.5 %, and 0 ± 1.5 % in a model with hosts), of waiting (0.3 ± 0.5) and its spread, of run'
  echo 'to run (1 %) and of each kind of number were chosen with these recordings in view, and so were the host and the setup, so this table'
  echo 'is no blind test of them; other servers will be.'
  echo
  awk -F'|' '
    FNR == NR { half[$1 "|" $2] = $3; next }
    function add(key) { n[key] += $6; a[key] += $7; b[key] += $8; own[key] += $9; formula[key] += $10; rows[key]++ }
    { add($2 "|" $1)
      if ($1 == "A" || $1 == "B") add($2 "|A and B")
      if ($1 == "A" || $1 == "B as either") add($2 "|A and B as either") }
    END {
      print "| split | test bed | numbers | inside 95 % | inside 80 % | half-width | score | formula |"
      print "|---|---|---:|---:|---:|---:|---:|---:|"
      split("next|A;next|B;next|B on a host;next|B as either;next|A and B;next|A and B as either;" \
        "far|A;far|B;far|B on a host;far|B as either", order, ";")
      for (i = 1; i <= 10; i++) { k = order[i]; split(k, part, "|")
        printf "| %s | %s | %d | %.0f %% | %.0f %% | %s %% | %.1f %% | %.1f %% |\n", part[1], part[2], n[k],
          100 * a[k] / n[k], 100 * b[k] / n[k], half[k], own[k] / rows[k], formula[k] / rows[k] }
    }' "$work/medians.txt" "$work/all.txt"
  echo
  echo '| test bed | split | fitted to | predicted | part | numbers | inside 95 % | inside 80 % | half-width | score | formula |'
  echo '|---|---|---|---|---|---:|---:|---:|---:|---:|---:|'
  awk -F'|' '{ printf "| %s | %s | %s | %s | %s | %d | %d | %d | %s %% | %s %% | %s %% |\n", $1, $2, $3, $4, $5, $6, $7, $8, $11, $9, $10 }' \
    "$work/all.txt"
} > "$here/coverage.md"
