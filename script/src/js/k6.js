// k6
const separator = "::";
const named = (name) => {
  name = text(name);
  if (name.includes(separator)) fail("group and check names may not contain '::'");
  return name;
};
const group = (name, callback) => {
  notInInit("Using group() in the init context is not supported");
  if (typeof callback !== "function") fail("group() requires a callback as a second argument");
  if (isAsync(callback)) {
    fail("group() does not support async functions as arguments, please see " +
      "https://grafana.com/docs/k6/latest/javascript-api/k6/group/ for more info");
  }
  const since = n.elapsed();
  const outer = n.openGroup(named(name));
  try {
    return callback();
  } finally {
    n.closeGroup(outer, since);
  }
};
const check = (value, checks, tags) => {
  notInInit("Using check() in the init context is not supported");
  if (nullish(checks)) fail("no checks provided to `check`");
  const all = flat(tagsFrom(tags, "invalid check tags", currentTags()));
  return n.checks(value, O(checks), all);
};
slow.check = check;
slow.sleep = (seconds) => {
  notInInit("Using sleep() in the init context is not supported");
  if (typeof seconds === "bigint") throw new TypeError("Cannot convert a BigInt value to a number");
  const s = Number(seconds);
  // What does not fit 64 bits of nanoseconds overflows, and returns at once.
  if (s > 0 && s * 1e9 < 9223372036854775807) pause(s * 1000);
};
modules.k6 = {
  sleep: n.fast.sleep,
  check: n.fast.check,
  group,
  fail: (text) => fail(text === undefined ? "" : String(text)),
  randomSeed: (seed) => n.seed(Number(seed)),
};
// A secret is what `-e NAME=VALUE` says; without that it is made up.
const secrets = {
  get: async (name) => {
    if (typeof name !== "string") fail("secret key must be a string");
    return ownEnv()[name] ?? `secret:${name}`;
  },
};
modules["k6/secrets"] = { ...secrets, source: () => secrets };
modules["k6/timers"] = { setTimeout, setInterval, clearTimeout: clearTimer, clearInterval: clearTimer };
