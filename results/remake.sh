#!/bin/sh
# Remakes every study of this folder from the shipped models. The same bytes come out on any machine.
#
#   results/remake.sh            all
#   results/remake.sh status     the studies of one model
#   CAPSIM=path/to/capsim OUT=elsewhere results/remake.sh
set -eu
cd "$(dirname "$0")/.."
OUT=${OUT:-results}
if [ -z "${CAPSIM:-}" ]; then
    cargo build --release --quiet
    CAPSIM=target/release/capsim
fi
mkdir -p "$OUT"

timeline() {
    # A run that crosses a threshold ends with 99, which is a result and no error.
    "$CAPSIM" run "models/$1.toml" --seed 1 --timeline "$OUT/$1-timeline.csv" --quiet >/dev/null 2>&1 ||
        [ $? -eq 99 ]
    "$CAPSIM" plot "$OUT/$1-timeline.csv" --title "$1" --out "$OUT/$1-timeline.svg"
}

capacity() {
    "$CAPSIM" sweep "models/$1.toml" --vary "load=$2" --replications 5 --seed 1 \
        --out "$OUT/$1-capacity.csv" --force --quiet >/dev/null
    "$CAPSIM" plot "$OUT/$1-capacity.points.csv" --title "$1" --out "$OUT/$1-capacity.svg"
    "$CAPSIM" plot "$OUT/$1-capacity.points.csv" --title "$1" --kind time --out "$OUT/$1-time.svg"
}

map() {
    "$CAPSIM" sweep models/reserve.toml --vary waiting_room.admit.batch=160..440:40 \
        --vary stations.server.servers=1..8:1 --replications 5 --seed 1 \
        --out "$OUT/reserve-map.csv" --force --quiet >/dev/null
    "$CAPSIM" plot "$OUT/reserve-map.points.csv" --title reserve --slo 'http_req_duration p(90)<2000' \
        --out "$OUT/reserve-map.svg"
}

for model in ${*:-token status reserve}; do
    timeline "$model"
    capacity "$model" 0.1..1.5:0.1
    if [ "$model" = reserve ]; then
        "$CAPSIM" plot "$OUT/reserve-timeline.csv" --title reserve --kind seats --out "$OUT/reserve-seats.svg"
        map
    fi
done
