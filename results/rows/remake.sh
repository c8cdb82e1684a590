#!/bin/sh
# Remakes the table of docs/mechanisms/rows.md: one model with the rows of InnoDB and with those of PostgreSQL, ten seeds
# each. The same bytes come out on any machine.
#
#   results/rows/remake.sh
#   CAPSIM=path/to/capsim OUT=elsewhere results/rows/remake.sh      leaves the page alone
set -eu
cd "$(dirname "$0")/../.."
OUT=${OUT:-results/rows}
if [ -z "${CAPSIM:-}" ]; then
    cargo build --release --quiet
    CAPSIM=target/release/capsim
fi
mkdir -p "$OUT"
table=$OUT/table.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# reserve locks the user's row where it compares its version; the rest of the model is as shipped.
sed 's/{ optimistic = "user", status = 409, visits = \[/{ lock = "user", visits = [/
     $ a [locks.user]\npreset = "innodb/row"' models/reserve.toml >"$work/reserve.toml"
# The hot event of the gallery, as it is: nine in ten buyers lock one row for 20 ms, 72 times a second.
sed '$ a [locks.event]\npreset = "innodb/row"' models/gallery/hot_event.toml >"$work/hot_event.toml"
# Twenty users who do nothing but write one row.
cp docs/mechanisms/waiting.toml "$work/waiting.toml"
cp docs/mechanisms/rows.toml "$work/seats.toml"

{
    echo "| model | row | mean | p90 | p95 | p99 | max |"
    echo "|---|---|---:|---:|---:|---:|---:|"
} >"$table"
row() {
    "$CAPSIM" sweep "$work/$1.toml" --vary "locks.$2.preset=innodb/row,postgresql/row" --replications 10 --seed 1 \
        --out "$OUT/$1.csv" --force --quiet >/dev/null
    awk -F, -v model="$1" -v lock="$2" '
        function digits(ms) { return ms < 10 ? "%.1f" : "%.0f" }
        function cell(what,   ms, half) {
            ms = $at["http_req_duration_" what "_ms"]; half = $at["http_req_duration_" what "_ms_half_width"]
            return sprintf(digits(ms) " ± " digits(half), ms, half)
        }
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { printf "| `%s` | `%s` | %s | %s | %s | %s | %s |\n", model, $at["locks." lock ".preset"], cell("avg"), cell("p90"),
              cell("p95"), cell("p99"), cell("max") }' "$OUT/$1.points.csv" >>"$table"
    rm -f "$OUT/$1.csv" "$OUT/$1.study.json"
}
row waiting global
row seats event
row hot_event event
row reserve user

[ "$OUT" = results/rows ] || exit 0
page=docs/mechanisms/rows.md
awk -v table="$table" '
    /^<!-- table: / { print; while ((getline line < table) > 0) print line; skipping = 1; next }
    /^<!-- end of table -->/ { skipping = 0 }
    !skipping { print }' "$page" >"$work/page" && cp "$work/page" "$page"
