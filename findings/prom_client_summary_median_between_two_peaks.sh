#!/usr/bin/env bash
# prom-client 15.1.3 (npm, Prometheus client, with tdigest 0.1.3): a `Summary` says a median of 101 ms where 90 % took 1 ms.
#
# 900 observations of 1 ms, 100 of 1000 ms: any rule gives 1 ms for all shares below 90 %. Seen:
#   0.5: 100.9 ms   0.75: 600.4 ms   0.85: 800.2 ms   0.95: 1000 ms
# The quantiles come from a t-digest that spreads each centroid half to its left and half to its right, and draws a line
# between the middles of two neighbours. Equal values are one centroid without limit to its weight, so the line runs from
# the 45 % to the 95 % mark. With a cache (hits 1 ms, misses 1 s) and times in whole milliseconds all quantiles between
# the two peaks are invented, and the median of a fast service becomes that of a slow one. `TDigest` of the same package
# says so as well; its class `Digest` in discrete mode, which knows these values exactly, says 1 ms. Exact values would
# have cost nothing here: there are only two.
#
# prom-client's README speaks of no error of a Summary, and no thread of either repository that a search finds does.
# (caio/go-tdigest has a thread on the interpolation between two single samples, pull request 42: one gap, not half of all
# values.) Ends with 0 while this is so, with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts prom-client@15.1.3 tdigest@0.1.3
cat > run.cjs <<'JS'
const { Summary } = require('prom-client')
const { Digest } = require('tdigest')

const percentiles = [0.5, 0.75, 0.85, 0.95]
const main = async () => {
  const summary = new Summary({ name: 'ms', help: 'response time', percentiles })
  const digest = new Digest()
  for (let i = 0; i < 1000; i++) {
    const time = i % 10 === 0 ? 1000 : 1
    summary.observe(time)
    digest.push(time)
  }
  const { values } = await summary.get()
  const shown = Object.fromEntries(values.filter(v => 'quantile' in v.labels).map(v => [v.labels.quantile, v.value]))
  const list = found => percentiles.map(p => `${p}: ${found(p)} ms`).join('  ')
  console.log(`Summary: ${list(p => shown[p])}`)
  console.log(`Digest:  ${list(p => digest.percentile(p))}`)
  process.exit(shown[0.5] > 50 && shown[0.85] > 500 && digest.percentile(0.5) === 1 ? 0 : 1)
}
main()
JS
node run.cjs
