// The clock is the host's, the time zone UTC, and random numbers are the VU's.
const now = () => Math.floor(n.epoch + n.elapsed());
{
  const Real = Date;
  const withZone = (text) => {
    // A date with a time but without a zone is local time: here UTC.
    const iso = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/;
    return iso.test(text) ? text + "Z" : text;
  };
  const parse = (text) => {
    text = String(text);
    const ms = Real.parse(withZone(text));
    return ms;
  };
  function VirtualDate(...args) {
    if (!new.target) return new VirtualDate().toString();
    let made;
    if (args.length === 0) made = [now()];
    else if (args.length === 1) {
      let only = args[0];
      if (only instanceof Real) only = only.getTime();
      else if (isObject(only)) only = only[Symbol.toPrimitive] ? only[Symbol.toPrimitive]("default") : only.valueOf();
      made = [typeof only === "string" ? parse(only) : only];
    } else {
      made = [Real.UTC(...args)];
    }
    return Reflect.construct(Real, made, new.target);
  }
  define(VirtualDate, "name", "Date");
  define(VirtualDate, "length", 7);
  define(VirtualDate, "now", () => now());
  define(VirtualDate, "parse", parse);
  define(VirtualDate, "UTC", Real.UTC);
  O.defineProperty(VirtualDate, "prototype", { value: Real.prototype, writable: false });
  const p = Real.prototype;
  define(p, "constructor", VirtualDate);
  define(p, "getTimezoneOffset", function getTimezoneOffset() { return p.getTime.call(this) - p.getTime.call(this); });
  for (const part of ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"]) {
    define(p, "get" + part, p["getUTC" + part]);
    if (part !== "Day") define(p, "set" + part, p["setUTC" + part]);
  }
  const two = (x) => String(x).padStart(2, "0");
  const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const dateText = (d) =>
    `${days[d.getUTCDay()]} ${months[d.getUTCMonth()]} ${two(d.getUTCDate())} ${String(d.getUTCFullYear()).padStart(4, "0")}`;
  const timeText = (d) => `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())} GMT+0000 (UTC)`;
  const shown = (text) => function () { return isNaN(this.getTime()) ? "Invalid Date" : text(this); };
  define(p, "toString", shown((d) => dateText(d) + " " + timeText(d)));
  define(p, "toDateString", shown(dateText));
  define(p, "toTimeString", shown(timeText));
  globalThis.Date = VirtualDate;
  define(globalThis, "Date", VirtualDate);
}
define(Math, "random", n.random);
{
  // What k6's engine does not have must not be there either.
  for (const name of ["performance", "navigator", "queueMicrotask", "structuredClone", "atob", "btoa", "WeakRef",
    "FinalizationRegistry", "DOMException", "scriptArgs", "print", "Iterator", "Float16Array", "SharedArrayBuffer", "Atomics"]) {
    delete globalThis[name];
  }
  for (const [object, names] of [[O, ["groupBy"]], [Map, ["groupBy"]], [Array, ["fromAsync"]], [Promise, ["try"]], [RegExp, ["escape"]], [Math, ["f16round", "sumPrecise"]]]) {
    for (const name of names) delete object[name];
  }
  // Symbol.asyncIterator cannot be taken away from Symbol itself.
  const Real = Symbol;
  const Plain = function (...args) {
    if (new.target) throw new TypeError("Symbol is not a constructor");
    return Real(...args);
  };
  for (const key of Reflect.ownKeys(Real)) {
    if (key !== "asyncIterator") O.defineProperty(Plain, key, O.getOwnPropertyDescriptor(Real, key));
  }
  define(Real.prototype, "constructor", Plain);
  define(globalThis, "Symbol", Plain);
  const Pattern = RegExp;
  const flagsOf = (args) => {
    if (args.length > 1 && /[v]/.test(String(args[1]))) {
      throw new SyntaxError(`Invalid flags supplied to RegExp constructor '${args[1]}'`);
    }
    return args;
  };
  const Checked = new Proxy(Pattern, {
    construct: (target, args, as) => Reflect.construct(target, flagsOf(args), as),
    apply: (target, self, args) => Reflect.apply(target, self, flagsOf(args)),
  });
  define(Pattern.prototype, "constructor", Checked);
  define(globalThis, "RegExp", Checked);
}
