#!/usr/bin/env bash
# loadtest 8.2.1 (npm) gives a percentile that is 0 ms the value of the next longer time that occurred.
#
# Times are cut to whole milliseconds. A server answers 9 of 10 requests at once, and each tenth after 400 ms. When all
# of the quick ones take less than a millisecond, the median is shown as 400 ms; when a few of them do not, as the
# shortest of those. Seen with 500 requests of one client on a busy machine:
#   0 ms: 421 of 500 requests; the median of that histogram is 0 ms, the median shown is 1 ms
# and, with the two times alone in the histogram (the class that the result is made of):
#   0 ms: 90 of 100 requests, 400 ms: 10; median shown: 400 ms
# The library takes 0 for "not yet known", as it does with the `false` that it begins with, and writes over it.
#
# Not in its README nor in a thread of its repository that a search finds. Ends with 0 while this is so, with 1 once it
# is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts loadtest@8.2.1
cat > run.mjs <<'JS'
import http from 'node:http'
import { loadTest } from 'loadtest'
import { Result } from './node_modules/loadtest/lib/result.js'

let wrong = 0
let asked = 0
const server = http.createServer((_, answer) => {
  asked += 1
  if (asked % 10) answer.end('quick')
  else setTimeout(() => answer.end('slow'), 400)
})
await new Promise(ready => server.listen(0, '127.0.0.1', ready))
const url = `http://127.0.0.1:${server.address().port}/`
const real = await loadTest({ url, maxRequests: 500, concurrency: 1, agentKeepAlive: true, quiet: true })
const zero = real.histogramMs[0] || 0
if (zero <= real.totalRequests / 2) {
  console.log(`the machine is too busy: only ${zero} requests took less than a millisecond`)
} else {
  console.log(`0 ms: ${zero} of ${real.totalRequests} requests; median shown: ${real.percentiles[50]} ms`)
  wrong += real.percentiles[50] > 0 ? 1 : -9
}

const two = Object.assign(new Result(), { histogramMs: { 0: 90, 400: 10 }, totalRequests: 100, maxLatencyMs: 400 })
two.computePercentiles()
console.log(`0 ms: 90 of 100 requests, 400 ms: 10; median shown: ${two.percentiles[50]} ms`)
wrong += two.percentiles[50] === 400 ? 1 : -9
process.exit(wrong > 0 ? 0 : 1)
JS
node run.mjs
