#!/usr/bin/env bash
# opossum 9.0.0 (npm, circuit breaker): `capacity` does not limit calls that have timed out and still run.
#
# Its documentation: "If the number currently executing function calls is equal to options.capacity, further calls to
# fire() are rejected until at least one of the current requests completes." A slot comes back with the breaker's
# timeout, not when the call completes. Two slots, timeout 20 ms, calls that take 600 ms, three asked for every 30 ms:
#   capacity 2, most calls at once 20 to 30, refused for want of a slot: a third
# So a bulkhead of N lets N × duration / timeout calls through when what it protects becomes slow, which is when it is
# needed. (The option `abortController` does not help: it is one for the whole breaker and ends the calls of others too,
# nodeshift/opossum, issue 780.)
#
# The release is on purpose (change log of 1.2.0: "semaphore released with timeout"), the sentence above was never
# changed. Ends with 0 while this is so, with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts opossum@9.0.0
cat > run.cjs <<'JS'
const CircuitBreaker = require('opossum')

let now = 0, most = 0, refused = 0, asked = 0
const call = async () => {
  now += 1
  most = Math.max(most, now)
  await new Promise(done => setTimeout(done, 600))
  now -= 1
}
// It must not open: what is looked at is the capacity alone.
const breaker = new CircuitBreaker(call, { capacity: 2, timeout: 20, volumeThreshold: 1000 })
const timer = setInterval(() => {
  for (let i = 0; i < 3; i++) breaker.fire().catch(error => { refused += error.code === 'ESEMLOCKED' })
  asked += 3
  if (asked < 45) return
  clearInterval(timer)
  setTimeout(() => {
    console.log(`capacity 2, most calls at once ${most}, refused for want of a slot ${refused} of ${asked}`)
    breaker.shutdown()
    process.exit(most > 4 && refused > 0 ? 0 : 1)
  }, 100)
}, 30)
JS
node run.cjs
