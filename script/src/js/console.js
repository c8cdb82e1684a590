// console: values as k6 shows them.
const shownInside = (x, seen) => {
  if (nullish(x)) return "null";
  if (typeof x === "function") return "[object Function]";
  if (typeof x === "string") return '"' + x + '"';
  if (!isObject(x)) return String(x);
  if (seen.includes(x)) return "[Circular]";
  if (x instanceof Error) return String(x);
  if (x instanceof ArrayBuffer) {
    const bytes = Array.from(new Uint8Array(x), (b) => b.toString(16).padStart(2, "0"));
    return `ArrayBuffer { [Uint8Contents]: <${bytes.join(" ")}>, byteLength: ${bytes.length} }`;
  }
  if (ArrayBuffer.isView(x) && !(x instanceof DataView)) {
    const items = Array.from(x, String);
    const name = classOf(x) === "Uint8ClampedArray" ? "Uint8Array" : classOf(x);
    return `${name}(${items.length}) ` + (items.length === 0 ? "[]" : `[ ${items.join(", ")} ]`);
  }
  const deeper = [...seen, x];
  if (Array.isArray(x)) {
    if (x.length === 0) return "[]";
    return "[ " + Array.from(x, (e) => shownInside(e, deeper)).join(", ") + " ]";
  }
  const keys = O.keys(x);
  if (keys.length === 0) return x instanceof Date && !isNaN(x) ? `"${x.toISOString()}"` : "{}";
  return "{ " + keys.map((k) => k + ": " + shownInside(x[k], deeper)).join(", ") + " }";
};
const shownValue = (x) => {
  if (typeof x === "function") return "[object Function]";
  if (!isObject(x)) return String(x);
  return shownInside(x, []);
};
{
  const writer = (level) => (...args) => n.log(level, args.map(shownValue).join(" "));
  define(globalThis, "console", {
    log: writer("info"),
    info: writer("info"),
    debug: writer("debug"),
    warn: writer("warning"),
    error: writer("error"),
  });
}
