// k6/execution
const part = (getters, check) => {
  const object = {};
  for (const name of O.keys(getters)) {
    O.defineProperty(object, name, { enumerable: true, get: () => { check(); return getters[name](); } });
  }
  return object;
};
const outsideInit = (text) => () => notInInit(text);
const inScenario = () => {
  if (!v.called || !n.inIteration()) fail("getting scenario information outside of the VU context is not supported");
};
// The tags or metadata of a VU: `bag` gives all, `own` those that it has set, `change` does something to these.
const tagBag = (bag, own, change) => new Proxy({}, {
  get: (target, key) => (key in bag() ? bag()[key] : target[key]),
  has: (_, key) => key in bag(),
  set: (_, key, value) => {
    if (isObject(value) || typeof value === "function" || nullish(value)) {
      throw new TypeError(`invalid value for metric tag '${String(key)}': only String, Boolean and Number types are accepted as a metric tag values`);
    }
    const text = String(value);
    if (own()[key] !== text) change((tags) => { tags[key] = text; });
    return true;
  },
  deleteProperty: (_, key) => { change((tags) => { delete tags[key]; }); return true; },
  ownKeys: () => O.keys(bag()),
  getOwnPropertyDescriptor: (_, key) =>
    (key in bag() ? { value: bag()[key], enumerable: true, configurable: true, writable: true } : undefined),
});
{
  const scenario = part({
    name: () => n.iteration("scenario"),
    executor: () => n.iteration("executor"),
    startTime: () => Math.floor(n.epoch + n.iteration("scenarioStart")),
    progress: () => n.instance().progress,
    iterationInInstance: () => n.iteration("iterationInTest"),
    iterationInTest: () => n.iteration("iterationInTest"),
  }, inScenario);
  const instance = part({
    currentTestRunDuration: () => n.elapsed(),
    iterationsCompleted: () => n.instance().completed,
    iterationsInterrupted: () => n.instance().interrupted,
    vusActive: () => n.instance().active,
    vusInitialized: () => n.instance().initialized,
  }, outsideInit("getting instance information in the init context is not supported"));
  // With what the host puts to all samples of the VU: the test's and the scenario's tags, the scenario, the group.
  const inherited = () => {
    const { tags: ofTest, scenarios } = v.httpOptions;
    const name = n.inIteration() ? n.iteration("scenario") : undefined;
    const all = O.assign(O.create(null), ofTest, scenarios?.[name]?.tags, { group: n.openedGroup() });
    if (name !== undefined) all.scenario = name;
    return O.assign(all, v.tags);
  };
  const tags = tagBag(inherited, () => v.tags, (change) => {
    if (v.tags === noOptions) v.tags = O.create(null);
    change(v.tags);
    tellDefaults();
  });
  const ownMetadata = () => (v.metadata ??= O.create(null));
  const metadata = tagBag(ownMetadata, ownMetadata, (change) => change(ownMetadata()));
  const inVu = outsideInit("getting VU information in the init context is not supported");
  const metrics = part({ tags: () => tags, metadata: () => metadata }, inVu);
  const vu = part({
    idInInstance: () => n.iteration("vu"),
    idInTest: () => n.iteration("vu"),
    iterationInInstance: () => n.iteration("iteration"),
    iterationInScenario: () => {
      inScenario();
      return n.iteration("iterationInScenario");
    },
    tags: () => tags,
    metrics: () => metrics,
  }, inVu);
  const place = () => {
    const lines = String(new Error().stack).split("\n").map((l) => l.trim());
    const line = lines.find((l) => l.startsWith("at ") && !/[( ]k6:|\(native\)/.test(l)) ?? "";
    return line === "" ? "" : " " + line.replace(/^at <anonymous> \((.*)\)$/, "at $1").replace(/^at <eval> \((.*)\)$/, "at $1");
  };
  const test = {
    abort: (reason) => n.abort("test aborted" + (reason === undefined ? "" : ": " + String(reason)) + place()),
    fail: (reason) => {
      notInInit("execution.test.fail() called outside of VU context");
      n.markFailed("test marked as failed" + (reason === undefined ? "" : ": " + String(reason)));
    },
  };
  // The options as k6 puts them together (`lib/options.go` and `lib/executor` of v2.2.0): `null` for what is not said, and
  // a scenario in the place of `vus`, `duration`, `iterations` and `stages`.
  const unsaid = O.fromEntries(n.optionNames.map((name) => [name, null]));
  const onlyScenario = ({ vus = null, duration = null, iterations = null, stages = null }) => {
    if (iterations !== null) return { executor: "shared-iterations", vus, iterations, maxDuration: duration };
    if (duration !== null) return { executor: "constant-vus", vus, duration };
    if (stages !== null && stages.length > 0) return { executor: "ramping-vus", startVUs: vus, stages, gracefulRampDown: null };
    if (vus !== null) return { executor: "shared-iterations", vus, iterations: vus, maxDuration: null };
    return { executor: "per-vu-iterations", vus: null, iterations: null, maxDuration: null };
  };
  const together = (given) => {
    const all = { ...unsaid, ...given };
    // A shortcut beside scenarios throws them away.
    const short = [given.vus, given.duration, given.iterations, given.stages].some((x) => !nullish(x));
    if (short || nullish(given.scenarios)) all.scenarios = { default: onlyScenario(given) };
    for (const name of O.keys(all.scenarios)) {
      all.scenarios[name] = { startTime: null, gracefulStop: null, env: null, exec: null, tags: null, ...all.scenarios[name] };
    }
    return freeze(all);
  };
  let known;
  O.defineProperty(test, "options", {
    enumerable: true,
    get: () => {
      notInInit("getting test options in the init context is not supported");
      return (known ??= together(JSON.parse(JSON.stringify(v.httpOptions))));
    },
  });
  modules["k6/execution"] = { scenario, instance, vu, test };
  for (const name of ["k6-utils", "k6-summary", "papaparse", "url", "formdata", "httpx", "k6-reporter"]) {
    O.defineProperty(modules, "jslib/" + name, { get: () => rare("jslib/" + name) });
  }
  for (const name of ["tempo", "pyroscope"]) {
    O.defineProperty(modules, "jslib/http-instrumentation-" + name, { get: () => rare("instrumentation") });
  }
  O.defineProperty(modules, "jslib/k6chaijs", { get: () => rare("assertions").chaijs });
  O.defineProperty(modules, "jslib/k6-testing", { get: () => rare("assertions").testing });
  O.defineProperty(modules, "k6/html", { get: () => rare("html") });
}
