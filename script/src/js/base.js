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
const isAsync = (f) => typeof f === "function" && classOf(f) === "AsyncFunction";
const notInInit = (text) => { if (n.inInit()) fail(text); };
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
const rare = (name) => rareParts[name] ?? (rareParts[name] = n.source(name)({ n, fail, GoError, exec: modules["k6/execution"] }));

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

// Promises that were rejected and that nobody looks at.
const rejections = new Map();
const rejection = (promise, reason, handled) => {
  if (handled) rejections.delete(promise);
  else rejections.set(promise, reason);
};
const rejected = (report) => {
  if (rejections.size === 0) return;
  const [first] = rejections.values();
  rejections.clear();
  if (!report) return;
  const e = new Error("");
  e.uncaught = describe(first);
  throw e;
};

// Timers and requests under way.
let timers = [];
let nextTimer = 1;
let underWay = 0;
const waiting = new Map();
const early = [];
const addTimer = (callback, ms, args, every) => {
  const id = nextTimer++;
  timers.push({ id, at: n.elapsed() + ms, callback, args, every });
  return id;
};
const timerArguments = (name, callback, delay) => {
  if (n.inInit() && false) fail("");
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
const clearTimer = (id) => { timers = timers.filter((t) => t.id !== id); };

const arrived = (response) => {
  const go = waiting.get(response.id);
  if (go) { waiting.delete(response.id); underWay--; go(response); }
};
// Waits for the end of one of these requests, or until a time; others that end are kept for later.
const waitFor = (ids, until) => {
  const kept = early.findIndex((r) => ids.has(r.id));
  if (kept >= 0) return early.splice(kept, 1)[0];
  for (;;) {
    const response = n.wait(until);
    if (response === undefined || response === null) {
      if (until !== undefined && n.elapsed() >= until) return undefined;
      continue;
    }
    if (ids.has(response.id)) return response;
    early.push(response);
  }
};
const none = new Set();
const pause = (ms) => {
  if (underWay === 0) n.sleep(ms);
  else waitFor(none, n.elapsed() + ms);
};
// One turn of the loop that keeps an iteration alive; false if there is nothing to wait for.
const pump = () => {
  if (early.length > 0) { arrived(early.shift()); return true; }
  if (timers.length === 0 && underWay === 0) return false;
  let first;
  for (const t of timers) if (first === undefined || t.at < first.at) first = t;
  if (first !== undefined && first.at <= n.elapsed()) {
    if (first.every === undefined) clearTimer(first.id);
    else first.at += first.every;
    first.callback(...first.args);
    return true;
  }
  if (underWay === 0) { n.sleep(first.at - n.elapsed()); return true; }
  const response = n.wait(first?.at);
  if (!nullish(response)) arrived(response);
  return true;
};
const forgetTimers = () => { timers = []; waiting.clear(); early.length = 0; underWay = 0; };
