#!/usr/bin/env bash
# loadtest 8.2.1 (npm) counts a request that timed out a second time when its late answer comes.
#
# Option `timeout` ("timeout for each generated request in milliseconds"). A server answers each request after
# 300 ms, all requests time out after 100 ms. Seen with 40 requests of 4 clients:
#   sent 24, completed 40, errors 24, mean 60-85 ms, shortest 100 ms, percentiles 90, 95, 99: false
# So the test ends long before 40 requests were sent, an error rate of 100 % shows as 60 %, the mean is below the
# shortest time that any request took, and the tail percentiles are not there. The library adds one to its total
# before it looks whether it still knows the request, and divides by that total.
#
# Not in its README; an open thread of 2022 (alexfernandez/loadtest, issue 204) sees odd totals once errors stack up,
# without a cause. Ends with 0 while this is so, with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts loadtest@8.2.1
cat > run.mjs <<'JS'
import http from 'node:http'
import { loadTest } from 'loadtest'

let sent = 0
const server = http.createServer((_, answer) => {
  sent += 1
  setTimeout(() => answer.end('late'), 300)
})
await new Promise(ready => server.listen(0, '127.0.0.1', ready))
const url = `http://127.0.0.1:${server.address().port}/`
const result = await loadTest({ url, maxRequests: 40, concurrency: 4, timeout: 100, quiet: true })
const { totalRequests, totalErrors, meanLatencyMs, minLatencyMs, percentiles } = result
console.log(`sent ${sent}, completed ${totalRequests}, errors ${totalErrors}, mean ${meanLatencyMs} ms, ` +
  `shortest ${minLatencyMs} ms, percentiles ${JSON.stringify(percentiles)}`)
const twice = sent < totalRequests && totalErrors < totalRequests
const impossible = meanLatencyMs < minLatencyMs && percentiles[99] === false
process.exit(twice && impossible ? 0 : 1)
JS
node run.mjs
