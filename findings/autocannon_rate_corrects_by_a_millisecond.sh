#!/usr/bin/env bash
# autocannon 9.0.0 (npm): with a rate, one stall of half a second becomes hundreds of invented latencies.
#
# `overallRate` (-R) corrects for coordinated omission: for a long latency it adds those that requests which were due in
# the meantime would have had. One connection, 10 requests a second for 10 s, so one is due each 100 ms; a stall of 500 ms
# leaves out four. Seen, of about 100 requests of which all but one took some milliseconds:
#   corrected (the default): median 104 ms, mean 159 ms, 90th percentile 422 ms
#   with ignoreCoordinatedOmission (-C): median 0 ms, mean 7 ms, 90th percentile 1 ms
# With a correction by 100 ms the median stays as it is, and the mean is some 15 ms higher. The interval is computed as
# 1 / rate, in seconds, and rounded up: 1, which the histogram takes for milliseconds. So at each rate below 1000 a second
# and connection the percentiles tell how long the longest stall was, not how long requests take.
#
# Its README tells that latencies are corrected, not by what; no thread of its repository that a search finds tells of it
# (pull request 274 brought it). Ends with 0 while this is so, with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts autocannon@9.0.0
cat > run.cjs <<'JS'
const http = require('node:http')
const autocannon = require('autocannon')

const run = async (options) => {
  let asked = 0
  const server = http.createServer((_, answer) => {
    asked += 1
    if (asked === 50) setTimeout(() => answer.end('slow'), 500)
    else answer.end('quick')
  })
  await new Promise(ready => server.listen(0, '127.0.0.1', ready))
  const url = `http://127.0.0.1:${server.address().port}/`
  const { latency, requests } = await autocannon({ url, connections: 1, overallRate: 10, duration: 10, ...options })
  server.close()
  console.log(`${requests.total} requests, one of 500 ms: median ${latency.p50} ms, mean ${latency.average} ms, ` +
    `90th percentile ${latency.p90} ms`)
  return latency
}
const main = async () => {
  const corrected = await run({})
  const plain = await run({ ignoreCoordinatedOmission: true })
  // A correction by the 100 ms between two requests would add four latencies to the hundred.
  process.exit(corrected.p50 > plain.p50 + 50 && corrected.average > plain.average + 75 ? 0 : 1)
}
main()
JS
node run.cjs
