// How Rust calls the script.
{
  for (const [name, key, get] of [["__ENV", "env", ownEnv], ["__VU", "number"], ["__ITER", "iteration"]]) {
    O.defineProperty(globalThis, name, { get: get ?? (() => v[key]), set: (x) => { v[key] = x; }, configurable: true, enumerable: true });
  }
  for (const [name, f] of [["setTimeout", setTimeout], ["setInterval", setInterval], ["clearTimeout", clearTimer], ["clearInterval", clearTimer],
    ["open", (path, mode) => {
      if (nullish(path) || path === "") fail("open() can't be used with an empty filename");
      return n.open(String(path), mode === "b");
    }]]) {
    define(globalThis, name, f);
  }
  const require = (name, base) => n.require(String(name), base);
  define(globalThis, "require", (name) => require(name, undefined));
  // Of k6's usual compatibility mode (`internal/js/bundle.go`, k6 v2.2.0).
  define(globalThis, "global", globalThis);

  // A value as JSON the way Go's encoder writes what the script returned.
  const asJson = (x, what) => {
    const seen = [];
    const write = (v) => {
      if (nullish(v)) return "null";
      switch (typeof v) {
        case "boolean": return String(v);
        case "string": return JSON.stringify(v);
        case "bigint": return String(v);
        case "symbol": return "null";
        case "number":
          if (!isFinite(v)) throw new ResultError(`error marshaling ${what} data to JSON: json: unsupported value: ${isNaN(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf"}`);
          return String(v);
        case "function": throw new ResultError(`error marshaling ${what} data to JSON: json: unsupported type: func(sobek.FunctionCall) sobek.Value`);
      }
      if (seen.includes(v)) throw new ResultError(`error marshaling ${what} data to JSON: json: unsupported value: encountered a cycle`);
      seen.push(v);
      try {
        if (v instanceof Date) return JSON.stringify(v.toISOString().replace(/\.000Z$/, "Z"));
        if (v instanceof Map) return "[" + [...v].map(([k, e]) => `[${write(k)},${write(e)}]`).join(",") + "]";
        if (v instanceof Set) return "[" + [...v].map(write).join(",") + "]";
        if (v instanceof Uint8Array) return JSON.stringify(n.base64(v, "std"));
        if (v instanceof Response) return write({ ...v });
        if (Array.isArray(v)) return "[" + Array.from(v, write).join(",") + "]";
        if (typeof v.toJSON === "function") return write(v.toJSON());
        return "{" + O.keys(v).map((k) => JSON.stringify(k) + ":" + write(v[k])).join(",") + "}";
      } finally {
        seen.pop();
      }
    };
    return write(x);
  };

  // Leaves nothing of the call before. Calls that set something say so in `v.clean`.
  const cleanUp = (kind) => {
    if (!v.httpOptions.noCookiesReset || kind !== "iteration") v.jar = undefined;
    forgetTimers();
    v.rejections = undefined;
    v.called = v.clean = true;
    v.plain = n.shortcuts && v.jar === undefined;
  };
  const takeData = () => {
    if (v.given === given) return;
    v.given = given;
    v.data = ownData();
  };
  // Takes over the tags and variables of the scenario.
  const ownScenario = () => {
    const { tags, env } = n.scenario();
    v.scenarioTags = O.keys(tags).length > 0 ? tags : noOptions;
    for (const key of O.keys(env)) ownEnv()[key] = env[key];
    tellDefaults();
  };
  // Options that are whole numbers; Go takes a text of digits, and an empty one as none.
  const whole = ["vus", "iterations", "rps", "maxRedirects", "batch", "batchPerHost", "metricSamplesBufferSize"];
  const numbered = (options) => {
    const own = isObject(options) ? { ...options } : {};
    for (const key of whole) if (typeof own[key] === "string") own[key] = own[key] === "" ? null : Number(own[key]);
    return own;
  };
  // The options of a script, under those that are set for it. Of what tells the load, those that are set stand alone.
  const optionsOf = ({ options }) => {
    if (n.setOptions === undefined) return isObject(options) ? numbered(options) : options;
    const set = JSON.parse(n.setOptions);
    const own = numbered(options);
    const load = ["duration", "iterations", "stages", "scenarios"];
    if (load.some((key) => key in set)) for (const key of load) delete own[key];
    return O.assign(own, set);
  };
  const bigAsNumber = (_, x) => (typeof x === "bigint" ? Number(x) : x);
  // Refuses what JSON cannot hold, as Go's encoder does, and says where it is.
  const encodable = (x, path) => {
    const refuse = (what) => { throw new ResultError(`error parsing script options: ${path} is ${what}`); };
    if (typeof x === "function") refuse("a function");
    if (typeof x === "number" && !isFinite(x)) refuse(`${x}, which is no number`);
    if (!isObject(x) || x instanceof Date) return;
    if (path.length > 1000) refuse("nested too deep");
    for (const key of O.keys(x)) encodable(x[key], path === "options" ? key : `${path}.${key}`);
  };
  const kit = {
    newVu, responses, marks, slow, fail, enter, survey, changed, give,
    describe: (thrown) => (isObject(thrown) && thrown.uncaught !== undefined ? "Uncaught (in promise) " + thrown.uncaught : describe(thrown)),
    rejection, pump, require,
    module: (name) => modules[name],
    exports: (name) => O.keys(modules[name]).filter((key) => key !== "default"),
    // Takes over what the init code exports.
    adopt: (namespace) => {
      const options = optionsOf(namespace);
      if (!isObject(options)) return;
      v.httpOptions = options;
      tellDefaults();
    },
    // The options as JSON.
    options: (namespace) => {
      const options = optionsOf(namespace);
      return isObject(options) ? JSON.stringify(options, bigAsNumber) : undefined;
    },
    // What the script exports as its options, as JSON; `undefined` for none.
    written: ({ options }) => {
      if (nullish(options)) return undefined;
      encodable(options, "options");
      return JSON.stringify(options, bigAsNumber);
    },
    // Begins a call that is no iteration; `json` is its argument.
    run: (kind, callee, json) => {
      cleanUp(kind);
      if (typeof callee !== "function") return undefined;
      if (kind === "setup") return callee();
      if (kind === "summary") return callee(JSON.parse(json));
      takeData();
      return callee(v.data);
    },
    // Makes ready for an iteration of this function; `isOther` if the one before was of another scenario.
    ready: (callee, name, number, iteration, isOther) => {
      if (!v.clean) cleanUp("iteration");
      if (typeof callee !== "function") throw new ResultError(`function '${name}' not found in exports`);
      takeData();
      v.number = number;
      v.iteration = iteration;
      if (isOther) ownScenario();
    },
    // What the call returned, as JSON.
    finish: (kind, result) => {
      if (kind === "setup") return result === undefined ? undefined : asJson(result, "setup()");
      if (kind !== "summary" || nullish(result)) return undefined;
      const outputs = {};
      for (const key of O.keys(O(result))) {
        const v = result[key];
        if (typeof v === "string") outputs[key] = v;
        else if (v instanceof ArrayBuffer || v instanceof Uint8Array) outputs[key] = n.text(v);
        else throw new ResultError(`error handling summary object ${key}: invalid type ${goType(v)}, it needs to be a string or ArrayBuffer`);
      }
      return JSON.stringify(outputs);
    },
  };
  O.defineProperty(globalThis, "__capsim", { value: kit, enumerable: false, configurable: false, writable: false });
  return kit;
}
