#!/usr/bin/env bash
# cockatiel 4.0.0 (npm): `ExponentialBackoff` ignores its option `exponent` with three of its four generators.
#
# Its README: "exponent: Backoff exponent. Defaults to 2." With initialDelay 100 ms and exponent 10 the sixth delay without
# jitter should be 100 · 10^5 ms. Seen, for exponents 2, 3 and 10 alike:
#   100 200 400 800 1600 3200 ms
# With full and half jitter the delays are drawn below the same doubling numbers. The default generator, decorrelated
# jitter, alone does use the exponent. So who sets a larger exponent to spare a service that is down spares it nothing:
# the sixth retry comes after 3.2 s instead of after 10 000 s.
#
# The README names no such limit, and no thread of the repository that a search finds does. Ends with 0 while this is so,
# with 1 once it is not.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts cockatiel@4.0.0
cat > run.cjs <<'JS'
const { ExponentialBackoff, decorrelatedJitterGenerator, fullJitterGenerator, halfJitterGenerator, noJitterGenerator } =
  require('cockatiel')

const delays = (generator, exponent) => {
  const found = []
  let step = new ExponentialBackoff({ generator, exponent, initialDelay: 100, maxDelay: 1e9 }).next()
  for (let i = 0; i < 6; i++, step = step.next()) found.push(step.duration)
  return found
}
// The largest sixth delay of many: what the jitter is taken of.
const largest = (generator, exponent) =>
  Math.max(...Array.from({ length: 2000 }, () => delays(generator, exponent)[5]))

let same = true
for (const exponent of [2, 3, 10]) {
  const plain = delays(noJitterGenerator, exponent).join(' ')
  const full = largest(fullJitterGenerator, exponent)
  const half = largest(halfJitterGenerator, exponent)
  console.log(`exponent ${exponent}: no jitter ${plain} ms; sixth delay at most: full ${full}, half ${half}, ` +
    `decorrelated ${Math.round(largest(decorrelatedJitterGenerator, exponent))} ms`)
  same &&= plain === '100 200 400 800 1600 3200' && full <= 3200 && half <= 3200
}
process.exit(same && largest(decorrelatedJitterGenerator, 10) > 100_000 ? 0 : 1)
JS
node run.cjs
