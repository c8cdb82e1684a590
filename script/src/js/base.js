"use strict";
// What the other parts share. `n` holds the natives; `modules` what scripts import.
const modules = Object.create(null);
const O = Object;
const define = (object, name, value) =>
  O.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: false });

class GoError extends Error {}
define(GoError.prototype, "name", "GoError");
const fail = (text) => { throw new GoError(text); };
const goValue = (name) => { const e = new GoError(name); e.value = name; return e; };
const nullish = (x) => x === undefined || x === null;
const isObject = (x) => typeof x === "object" && x !== null;
const classOf = (x) => O.prototype.toString.call(x).slice(8, -1);
const asyncFunction = O.getPrototypeOf(async () => {});
const isAsync = (f) => typeof f === "function" && O.getPrototypeOf(f) === asyncFunction;
const text = (x) => (typeof x === "string" ? x : String(x));
const notInInit = (why) => { if (!v.called) fail(why); };
// What `make` makes of a text, kept for the next time.
const kept = (make) => {
  const known = new Map();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = make(key);
      if (known.size >= 1000) known.clear();
      known.set(key, value);
    }
    return value;
  };
};
const warn = (text, error) =>
  n.log("warning", text, error === undefined ? [] : [["error", error]]);

// The names that Go gives to the types of values.
const goType = (x) => {
  if (nullish(x)) return "<nil>";
  switch (typeof x) {
    case "string": return "string";
    case "boolean": return "bool";
    case "number": return Number.isInteger(x) ? "int64" : "float64";
    case "bigint": return "*big.Int";
    case "function": return "func(sobek.FunctionCall) sobek.Value";
  }
  if (Array.isArray(x)) return "[]interface {}";
  return "map[string]interface {}";
};
// A value as Go's %#v prints it.
const goSyntax = (x) => {
  if (nullish(x)) return "interface {}(nil)";
  if (typeof x === "string") return JSON.stringify(x);
  if (Array.isArray(x)) return "[]interface {}{" + x.map(goSyntax).join(", ") + "}";
  if (isObject(x)) {
    return "map[string]interface {}{" +
      O.keys(x).map((k) => JSON.stringify(k) + ":" + goSyntax(x[k])).join(", ") + "}";
  }
  return String(x);
};

// Parts that few scripts need.
const rareParts = O.create(null);
const rare = (name) => rareParts[name] ?? (rareParts[name] = n.source(name)({ n, fail, GoError, exec: modules["k6/execution"], k6: modules.k6, http: modules["k6/http"] }));

// Text of what was thrown, as k6 logs it.
const describe = (thrown) => {
  if (thrown instanceof ResultError) return "\u0000" + thrown.message;
  if (!isObject(thrown) || !(thrown instanceof Error)) return shownValue(thrown) + "\n";
  let text = String(thrown);
  text += "\n";
  for (const line of String(thrown.stack ?? "").split("\n")) {
    const place = line.trim();
    if (place.startsWith("at ") && !/[( ]k6:|\(native\)/.test(place)) text += "\t" + place + "\n";
  }
  return text;
};
class ResultError extends Error {}

// What belongs to one VU. `v` is that of the VU whose turn it is.
let v;
const newVu = (number) => ({
  number, iteration: 0, env: undefined, data: undefined, given: undefined, metrics: undefined,
  called: false, clean: false, plain: false, httpOptions: noOptions, tags: noOptions, metadata: undefined, scenarioTags: noOptions, jar: undefined,
  callback: usualStatuses, boundaries: 0, rejections: undefined, timers: none, nextTimer: 1, underWay: 0, waiting: undefined, early: none,
});
const noOptions = O.freeze(O.create(null));
// The shell's variables are one object for all VUs, behind the others, unless the script looks at all of `__ENV`.
const ownEnv = () => v.env ??= n.listsEnvironment() ? { ...n.shell, ...n.env } : O.assign(O.create(n.shell), n.env);
const none = O.freeze([]);
const enter = (own) => { v = own; };

// Promises that were rejected and that nobody looks at.
const rejection = (promise, reason, handled) => {
  if (handled) v.rejections?.delete(promise);
  else {
    v.clean = false;
    (v.rejections ??= new Map()).set(promise, reason);
  }
};
const rejected = (report) => {
  if (v.rejections === undefined || v.rejections.size === 0) return;
  const [first] = v.rejections.values();
  v.rejections = undefined;
  if (!report) return;
  const e = new Error("");
  e.uncaught = describe(first);
  throw e;
};

// Timers and requests under way.
// The clock shows whole nanoseconds: a time between two of them would never come.
const rounded = (ms) => Math.round(ms * 1e6) / 1e6;
const later = (ms) => rounded(n.elapsed() + ms);
const addTimer = (callback, ms, args, every) => {
  const id = v.nextTimer++;
  v.clean = false;
  if (v.timers === none) v.timers = [];
  v.timers.push({ id, at: later(ms), callback, args, every });
  return id;
};
const timerArguments = (name, callback, delay) => {
  if (typeof callback !== "function") throw new TypeError(`${name}: callback is not a function`);
  const ms = Number(delay);
  return ms > 0 ? ms : 0;
};
const setTimeout = (callback, delay, ...args) =>
  addTimer(callback, timerArguments("setTimeout", callback, delay), args, undefined);
const setInterval = (callback, delay, ...args) => {
  const ms = Math.max(timerArguments("setInterval", callback, delay), 1);
  return addTimer(callback, ms, args, ms);
};
const clearTimer = (id) => { v.timers = v.timers.filter((t) => t.id !== id); };

const arrived = (response) => {
  const go = v.waiting?.get(response[0]);
  if (go) { v.waiting.delete(response[0]); v.underWay--; go(response); }
};
// Waits for the end of one of these requests, or until a time; others that end are kept for later.
const waitFor = (ids, until) => {
  const kept = v.early.findIndex((r) => ids.has(r[0]));
  if (kept >= 0) return v.early.splice(kept, 1)[0];
  for (;;) {
    const response = n.wait(until);
    if (response === undefined || response === null) {
      if (until !== undefined && n.elapsed() >= until) return undefined;
      continue;
    }
    if (ids.has(response[0])) return response;
    if (v.early === none) v.early = [];
    v.early.push(response);
  }
};
const nobody = new Set();
const pause = (ms) => {
  if (v.underWay === 0) n.sleep(ms);
  else waitFor(nobody, later(ms));
};
// One turn of the loop that keeps an iteration alive; false if there is nothing to wait for. Then a promise that was
// rejected and that nobody looks at is an error, if that is to be told.
const pump = (report) => {
  if (v.early.length > 0) { arrived(v.early.shift()); return true; }
  if (v.timers.length === 0 && v.underWay === 0) { rejected(report); return false; }
  let first;
  for (const t of v.timers) if (first === undefined || t.at < first.at) first = t;
  if (first !== undefined && first.at <= n.elapsed()) {
    if (first.every === undefined) clearTimer(first.id);
    else first.at = rounded(first.at + first.every);
    first.callback(...first.args);
    return true;
  }
  if (v.underWay === 0) { n.sleep(first.at - n.elapsed()); return true; }
  const response = n.wait(first?.at);
  if (!nullish(response)) arrived(response);
  return true;
};
const forgetTimers = () => { v.timers = none; v.waiting = undefined; v.early = none; v.underWay = 0; };
