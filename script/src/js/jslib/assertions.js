// What scripts use of jslib's k6chaijs and k6-testing: assertions. Values are shown as Chai shows them.
(({ k6, exec }) => {
  const isObject = (x) => typeof x === "object" && x !== null;
  const equal = (a, b) => {
    if (Object.is(a, b)) return true;
    if (!isObject(a) || !isObject(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
    if (a instanceof Date) return a.getTime() === b.getTime();
    if (a instanceof Map || a instanceof Set) return equal([...a], [...b]);
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && equal(a[key], b[key]));
  };
  const shown = (x, depth = 0) => {
    if (typeof x === "string") return `'${x}'`;
    if (typeof x === "function") return `[Function ${x.name}]`;
    if (!isObject(x)) return Object.is(x, -0) ? "-0" : String(x);
    if (x instanceof RegExp || x instanceof Date || x instanceof Error) return String(x);
    if (depth > 2) return Array.isArray(x) ? "[Array]" : "[Object]";
    const inside = Array.isArray(x) ? x.map((y) => shown(y, depth + 1)) : Object.keys(x).map((key) => `${key}: ${shown(x[key], depth + 1)}`);
    const text = inside.join(", ");
    const [open, close] = Array.isArray(x) ? ["[", "]"] : ["{", "}"];
    return text.length > 60 ? (Array.isArray(x) ? `[ Array(${x.length}) ]` : `{ Object (${Object.keys(x).slice(0, 2).join(", ")}, ...) }`)
      : text === "" ? open + close : `${open} ${text} ${close}`;
  };
  const typeOf = (x) => (x === null ? "null" : Array.isArray(x) ? "array" : x instanceof RegExp ? "regexp" : x instanceof Date ? "date" : x instanceof Error ? "error" : typeof x);

  // Chai.
  class AssertionError extends Error {}
  Object.defineProperty(AssertionError.prototype, "name", { value: "AssertionError", configurable: true, writable: true });
  const config = { aggregateChecks: true, logFailures: false, truncateVariableThreshold: 100, truncateMsgThreshold: 300, includeStack: false };
  const cut = (text, most) => (text.length > most ? text.slice(0, most) + "..." : text);
  const WORDS = ["to", "be", "been", "is", "that", "which", "and", "has", "have", "with", "at", "of", "same", "but", "does", "still", "also"];
  class Assertion {
    constructor(value, message, flags = {}) {
      Object.defineProperties(this, { value: { value }, message: { value: message }, flags: { value: flags } });
    }
    #with(flags) { return new Assertion(this.value, this.message, { ...this.flags, ...flags }); }
    get not() { return this.#with({ not: !this.flags.not }); }
    get deep() { return this.#with({ deep: true }); }
    get own() { return this; }
    get nested() { return this.#with({ nested: true }); }
    get ordered() { return this.#with({ ordered: true }); }
    get any() { return this.#with({ any: true }); }
    get all() { return this.#with({ any: false }); }
    // Makes one assertion, as a check of k6; one that fails throws.
    assert(passed, words) {
      const { not } = this.flags;
      const subject = this.message ?? cut(shown(this.value), config.truncateVariableThreshold);
      const said = cut(`expected ${subject} ${not ? words.replace(/^to /, "to not ") : words}`, config.truncateMsgThreshold);
      const holds = Boolean(passed) !== Boolean(not);
      k6.check(null, { [config.aggregateChecks ? said.replaceAll("::", ": ") : said.replaceAll("::", ": ")]: holds });
      if (!holds) {
        const error = new AssertionError(said);
        error.actual = this.value;
        if (config.logFailures) console.warn(`${said}, got ${shown(this.value)}`);
        throw error;
      }
      return this;
    }
    #same(x) { return this.flags.deep ? equal(this.value, x) : this.value === x; }
    equal(x) { return this.assert(this.#same(x), `to ${this.flags.deep ? "deeply " : ""}equal ${shown(x)}`); }
    eql(x) { return this.assert(equal(this.value, x), `to deeply equal ${shown(x)}`); }
    #number() { return this.flags.length ? this.value.length ?? this.value.size : this.value instanceof Date ? this.value.getTime() : this.value; }
    #compare(passed, words, x) { return this.assert(passed(this.#number(), x instanceof Date ? x.getTime() : x), (this.flags.length ? "to have a length " : "to be ") + words + ` ${shown(x)}`); }
    above(x) { return this.#compare((a, b) => a > b, "above", x); }
    least(x) { return this.#compare((a, b) => a >= b, "at least", x); }
    below(x) { return this.#compare((a, b) => a < b, "below", x); }
    most(x) { return this.#compare((a, b) => a <= b, "at most", x); }
    within(a, b) { const x = this.#number(); return this.assert(x >= a && x <= b, `to be within ${a}..${b}`); }
    closeTo(x, delta) { return this.assert(Math.abs(this.value - x) <= delta, `to be close to ${x} +/- ${delta}`); }
    oneOf(list) { return this.assert(list.some((x) => this.#same(x)), `to be one of ${shown(list)}`); }
    match(rule) { return this.assert(rule.test(this.value), `to match ${rule}`); }
    string(part) { return this.assert(typeof this.value === "string" && this.value.includes(part), `to contain ${shown(part)}`); }
    property(name, ...more) {
      const path = this.flags.nested ? String(name).replace(/\[(\w+)\]/g, ".$1").split(".") : [name];
      const found = path.reduce((x, key) => (x === null || x === undefined ? undefined : x[key]), this.value);
      const there = this.value !== null && this.value !== undefined && (path.length > 1 ? found !== undefined : name in Object(this.value));
      const same = more.length === 0 || (this.flags.deep ? equal(found, more[0]) : found === more[0]);
      this.assert(there && same, `to have property ${shown(name)}${more.length === 0 ? "" : ` of ${shown(more[0])}`}`);
      return new Assertion(found, undefined);
    }
    keys(...names) {
      const wanted = names.flat().flatMap((x) => (isObject(x) ? Object.keys(x) : [x]));
      const has = (key) => Object.hasOwn(this.value, key);
      const exact = this.flags.contains || Object.keys(this.value).length === wanted.length;
      return this.assert(this.flags.any ? wanted.some(has) : wanted.every(has) && exact, `to have ${wanted.length === 1 ? "key" : "keys"} ${wanted.map((k) => shown(k)).join(", ")}`);
    }
    members(list) {
      const same = (x, y) => (this.flags.deep ? equal(x, y) : x === y);
      const { contains, ordered } = this.flags;
      const has = ordered ? (x, i) => same(this.value[i], x) : (x) => this.value.some((y) => same(x, y));
      const passed = list.every(has) && (contains || this.value.length === list.length);
      return this.assert(passed, `to have the same ${ordered ? "ordered " : ""}members as ${shown(list)}`);
    }
    throw(kind, text) {
      let thrown;
      try { this.value(); } catch (e) { thrown = e; }
      const said = typeof kind === "function" ? text : kind;
      const fits = thrown !== undefined && (typeof kind !== "function" || thrown instanceof kind) &&
        (said === undefined || (said instanceof RegExp ? said.test(thrown.message) : String(thrown.message).includes(said)));
      return this.assert(fits, `to throw ${typeof kind === "function" ? kind.name : "an error"}`);
    }
    satisfy(test) { return this.assert(test(this.value), `to satisfy ${shown(test)}`); }
    instanceof(kind) { return this.assert(this.value instanceof kind, `to be an instance of ${kind.name}`); }
    get ok() { return this.assert(this.value, "to be truthy"); }
    get true() { return this.assert(this.value === true, "to be true"); }
    get false() { return this.assert(this.value === false, "to be false"); }
    get null() { return this.assert(this.value === null, "to be null"); }
    get undefined() { return this.assert(this.value === undefined, "to be undefined"); }
    get NaN() { return this.assert(Number.isNaN(this.value), "to be NaN"); }
    get exist() { return this.assert(this.value !== null && this.value !== undefined, "to exist"); }
    get finite() { return this.assert(Number.isFinite(this.value), "to be a finite number"); }
    get empty() {
      const x = this.value;
      const size = typeof x === "string" || Array.isArray(x) ? x.length : x instanceof Map || x instanceof Set ? x.size : Object.keys(x ?? {}).length;
      return this.assert(size === 0, "to be empty");
    }
    validJsonBody() {
      let valid = true;
      try { this.value.json(); } catch { valid = false; }
      return this.assert(valid, "to have valid JSON body");
    }
  }
  const define = (name, value) => Object.defineProperty(Assertion.prototype, name, { ...value, configurable: true });
  for (const word of WORDS) define(word, { get() { return this; } });
  for (const [name, ...others] of [["equal", "equals", "eq"], ["eql", "eqls"], ["above", "gt", "greaterThan"], ["least", "gte", "greaterThanOrEqual"],
    ["below", "lt", "lessThan"], ["most", "lte", "lessThanOrEqual"], ["closeTo", "approximately"], ["match", "matches"], ["property", "ownProperty", "haveOwnProperty"],
    ["keys", "key"], ["throw", "throws", "Throw"], ["satisfy", "satisfies"], ["instanceof", "instanceOf"]]) {
    for (const other of others) define(other, { value: Assertion.prototype[name], writable: true });
  }
  // Words that are followed by more, or called themselves.
  const callable = (name, flags, call) => define(name, {
    get() {
      const next = new Assertion(this.value, this.message, { ...this.flags, ...flags });
      const both = (...given) => call.call(this, ...given);
      return new Proxy(both, { get: (_, key) => { const x = next[key]; return typeof x === "function" ? x.bind(next) : x; } });
    },
  });
  function isA(kind) {
    const name = String(kind).toLowerCase();
    return this.assert(typeOf(this.value) === name, `to be ${/^[aeiou]/.test(name) ? "an" : "a"} ${name}`);
  }
  for (const name of ["a", "an"]) callable(name, {}, isA);
  function includes(x) {
    const { value } = this;
    const same = (y) => (this.flags.deep ? equal(x, y) : x === y);
    const passed = typeof value === "string" ? value.includes(x)
      : Array.isArray(value) ? value.some(same)
        : value instanceof Set || value instanceof Map ? value.has(x)
          : Object.keys(x).every((key) => (this.flags.deep ? equal(value[key], x[key]) : value[key] === x[key]));
    return this.assert(passed, `to include ${shown(x)}`);
  }
  for (const name of ["include", "includes", "contain", "contains"]) callable(name, { contains: true }, includes);
  function hasLength(x) { return this.assert((this.value.length ?? this.value.size) === x, `to have a length of ${x}`); }
  for (const name of ["length", "lengthOf"]) callable(name, { length: true }, hasLength);
  const expectChai = (value, message) => new Assertion(value, message);
  expectChai.fail = (text) => { throw new AssertionError(text ?? "expect.fail()"); };
  const describe = (name, callback) => {
    let passed = true;
    k6.group(name, () => {
      try {
        callback();
      } catch (e) {
        passed = false;
        if (e instanceof AssertionError) return;
        k6.check(null, { [`Exception raised "${e}"`.replaceAll("::", ": ")]: false });
        console.error(`Exception during test "${name}": ${e}`);
      }
    });
    return passed;
  };
  const chai = { expect: expectChai, config, use: (plugin) => { plugin(chai, {}); return chai; }, AssertionError, Assertion };

  // k6-testing.
  const matchers = (value, settings, negated) => {
    const judge = (passed, name, expected) => {
      if (Boolean(passed) !== negated) return;
      const text = `expect(received).${negated ? "not." : ""}${name}(${expected === undefined ? "" : "expected"})\nReceived: ${shown(value)}` +
        (expected === undefined ? "" : `\nExpected: ${negated ? "not " : ""}${shown(expected)}`);
      if (!settings.soft) exec.test.abort(text);
      if (settings.softMode === "fail") exec.test.fail(text);
      else throw new Error(text);
    };
    const has = (path) => {
      const keys = Array.isArray(path) ? path : String(path).replace(/\[(\w+)\]/g, ".$1").split(".");
      let at = value;
      for (const key of keys) {
        if (at === null || at === undefined || !(key in Object(at))) return [false, undefined];
        at = at[key];
      }
      return [true, at];
    };
    const own = {
      toBe: (x) => judge(Object.is(value, x), "toBe", x),
      toEqual: (x) => judge(equal(value, x), "toEqual", x),
      toStrictEqual: (x) => judge(equal(value, x), "toStrictEqual", x),
      toBeTruthy: () => judge(value, "toBeTruthy"),
      toBeFalsy: () => judge(!value, "toBeFalsy"),
      toBeNull: () => judge(value === null, "toBeNull"),
      toBeUndefined: () => judge(value === undefined, "toBeUndefined"),
      toBeDefined: () => judge(value !== undefined, "toBeDefined"),
      toBeNaN: () => judge(Number.isNaN(value), "toBeNaN"),
      toBeGreaterThan: (x) => judge(value > x, "toBeGreaterThan", x),
      toBeGreaterThanOrEqual: (x) => judge(value >= x, "toBeGreaterThanOrEqual", x),
      toBeLessThan: (x) => judge(value < x, "toBeLessThan", x),
      toBeLessThanOrEqual: (x) => judge(value <= x, "toBeLessThanOrEqual", x),
      toBeCloseTo: (x, digits = 2) => judge(Math.abs(value - x) < 10 ** -digits / 2, "toBeCloseTo", x),
      toBeInstanceOf: (kind) => judge(value instanceof kind, "toBeInstanceOf", kind),
      toContain: (x) => judge(typeof value === "string" || Array.isArray(value) ? value.includes(x) : value.has(x), "toContain", x),
      toContainEqual: (x) => judge([...value].some((y) => equal(x, y)), "toContainEqual", x),
      toHaveLength: (x) => judge(value?.length === x, "toHaveLength", x),
      toHaveProperty: (path, ...more) => {
        const [there, found] = has(path);
        judge(there && (more.length === 0 || equal(found, more[0])), "toHaveProperty", more.length === 0 ? path : more[0]);
      },
      toMatch: (rule) => judge(rule instanceof RegExp ? rule.test(value) : String(value).includes(rule), "toMatch", rule),
    };
    if (!negated) Object.defineProperty(own, "not", { get: () => matchers(value, settings, true) });
    return own;
  };
  const configured = (settings) => {
    const expect = (value) => matchers(value, settings, false);
    expect.soft = (value) => matchers(value, { ...settings, soft: true }, false);
    expect.configure = (more) => configured({ ...settings, ...more });
    return expect;
  };
  const testing = { expect: configured({ soft: false, softMode: "throw" }) };
  return { chaijs: { describe, expect: expectChai, chai, config, use: chai.use, AssertionError }, testing };
})
