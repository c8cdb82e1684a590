#!/usr/bin/env bash
# What each mechanism costs where it is used: instructions per request and per event of a small model with it and without,
# counted by valgrind. Two lengths of each run are compared, so that the start of the program is left out.
#
#   results/mechanisms/remake.sh                 builds capsim (release) and writes results/mechanisms/cost.md
#   CAPSIM=path/to/capsim OUT=elsewhere results/mechanisms/remake.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
OUT=${OUT:-results/mechanisms}
if [ -z "${CAPSIM:-}" ]; then
    cargo build --release --quiet
    CAPSIM=target/release/capsim
fi
mkdir -p "$OUT"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
table=$OUT/cost.md
{
    echo "| model | with | instructions per request | beside without | per event | events per request |"
    echo "|---|---|---:|---:|---:|---:|"
} >"$table"

# Instructions, events and requests of a run of so many seconds.
count() {
    local log
    log=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$CAPSIM" run "$work/m.toml" --seed 1 \
        --set "scenarios.default.duration=$1" 2>&1) || true
    local instructions events requests
    instructions=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$log")
    events=$(sed -n 's/^seed 1, \([0-9]*\) events.*/\1/p' <<<"$log")
    requests=$(sed -n 's/.*http_reqs\.*: \([0-9]*\) .*/\1/p' <<<"$log")
    [ -n "$instructions" ] && [ -n "$events" ] && [ -n "$requests" ] || { echo "$log" >&2; return 1; }
    echo "$instructions $events $requests"
}

base=
# measure GROUP NAME SECTIONS VISITS: the first of a group is what the others are compared with.
measure() {
    cat >"$work/m.toml" <<EOF
[scenarios.default]
executor = "constant-vus"
vus = 20
duration = "1m"
journey = "one"
[journeys]
one = [{ request = "e" }, { sleep = { exponential = "20ms" } }]
$3
[endpoints.e]
visits = [$4]
EOF
    read -r i1 e1 r1 <<<"$(count 30s)"
    read -r i2 e2 r2 <<<"$(count 90s)"
    awk -v group="$1" -v name="$2" -v base="${base:-}" -v i=$((i2 - i1)) -v e=$((e2 - e1)) -v r=$((r2 - r1)) 'BEGIN {
        beside = base == "" ? "–" : sprintf("%+.0f", i / r - base)
        printf "| %s | %s | %.0f | %s | %.0f | %.2f |\n", group, name, i / r, beside, i / e, e / r }' >>"$table"
    [ -n "${base:-}" ] || base=$(awk -v i=$((i2 - i1)) -v r=$((r2 - r1)) 'BEGIN { print i / r }')
}

work_of='{ delay = { exponential = "10ms" } }'
pool="{ hold = \"p\", visits = [$work_of] }"
lock="{ lock = \"global\", visits = [$work_of] }"
base= ; for order in in-order random last-in-first-out barging; do
    measure "a pool of 4" "$order" "[pools.p]
size = 4
order = \"$order\"" "$pool"
done
measure "a pool of 4" "timeout" "[pools.p]
size = 4
timeout = \"1s\"" "$pool"
measure "a pool of 4" "timeout, timer and reserve" "[pools.p]
size = 4
timeout = \"10s\"
timer = \"333333us\"
reserve = 1
reserve_after = \"5s\"" "$pool"
measure "a pool of 4" "connect" "[pools.p]
size = 4
connect = \"5ms\"
idle_timeout = \"1s\"" "$pool"
base= ; for order in in-order random by-version barging; do
    measure "a row" "$order" "[locks.global]
order = \"$order\"" "$lock"
done
base= ; for order in in-order random last-in-first-out barging; do
    measure "a station of 4" "$order" "[stations.s]
servers = 4
order = \"$order\"" '{ station = "s", time = { exponential = "10ms" } }'
done
base= ; measure "no limit" "–" "" "$work_of"
measure "a rate limit" "leaky bucket" "[rate_limits.r]
preset = \"nginx-1.22/limit_req\"
rate = 900
burst = 50" "{ rate_limit = \"r\" }, $work_of"
measure "a rate limit" "sliding counter" "[rate_limits.r]
preset = \"haproxy-2.6/rate-limit-sessions\"
rate = 900" "{ rate_limit = \"r\" }, $work_of"
measure "a cache" "LRU, waking" "[caches.c]
keys = 1000
popularity = { zipf = 0.9 }
size = 100
single_flight = \"wake\"" "{ cache = \"c\", visits = [$work_of] }"
base= ; measure "a network" "no listener" "[network]
connecting = \"1ms\"" "$work_of"
measure "a network" "listener, connections kept" "[network]
connecting = \"1ms\"
[listeners.l]
backlog = 100" "$work_of"
measure "a network" "listener, a connection each" "[network]
connecting = \"1ms\"
[listeners.l]
backlog = 5
connections = 10
persistent_connections = false" "$work_of"
cat "$table"
