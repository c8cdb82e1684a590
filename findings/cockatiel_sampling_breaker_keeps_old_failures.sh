#!/usr/bin/env bash
# cockatiel 4.0.0 (npm): `SamplingBreaker` counts failures that are an hour old towards its ten seconds.
#
# Its README: "breaks after a proportion of requests over a time period fail"; `duration` "Length of time over which to
# sample." Break above 50 % of ten seconds. Nine failures, then an hour without a call, then five successes and one
# failure (the script sets the clock itself). In the last ten seconds 1 of 6 calls failed. Seen:
#   at 0 s 9 of 9 failed: Closed (too few for the rule); 3600 s later 1 of 6 failed: Open
# The window is a ring of ten parts of a second. When a call comes after the end of the current part, the next part is
# emptied and becomes the current one; however long the pause was, it is only one part, and the others keep their counts.
# So a service with little traffic, or with a pause at night, is judged by what happened long ago, and old successes hide
# a new outage: after 1000 of them an hour ago, ten failures of ten leave it closed.
#
# Not told in the README, nor in a thread of its repository that a search finds. Ends with 0 while this is so, with 1
# once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts cockatiel@4.0.0
cat > run.cjs <<'JS'
const { CircuitState, SamplingBreaker, circuitBreaker, handleAll } = require('cockatiel')

let now = 1e12
Date.now = () => now
const make = () => circuitBreaker(handleAll, {
  halfOpenAfter: 10_000,
  breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 1 })
})
const calls = async (breaker, count, works) => {
  for (let i = 0; i < count; i++) {
    await breaker.execute(async () => { if (!works) throw new Error('failed') }).catch(() => {})
  }
  return CircuitState[breaker.state]
}
const main = async () => {
  const quiet = make()
  const before = await calls(quiet, 9, false)
  now += 3_600_000
  await calls(quiet, 5, true)
  const after = await calls(quiet, 1, false)
  console.log(`9 of 9 failed: ${before}; after an hour without calls 1 of 6 failed: ${after}`)

  const down = make()
  await calls(down, 1000, true)
  now += 3_600_000
  const outage = await calls(down, 10, false)
  console.log(`1000 successes; after an hour without calls 10 of 10 failed: ${outage}`)

  const fresh = await calls(make(), 10, false)
  console.log(`without the calls of an hour ago 10 of 10 failed: ${fresh}`)
  process.exit(before === 'Closed' && after === 'Open' && outage === 'Closed' && fresh === 'Open' ? 0 : 1)
}
main()
JS
node run.cjs
