// k6/data: the elements are kept once for all VUs, as JSON; every read makes a copy that cannot be changed.
const freeze = (x) => {
  if (isObject(x) && !O.isFrozen(x)) { O.freeze(x); for (const key of O.keys(x)) freeze(x[key]); }
  return x;
};
function SharedArray(name, make) {
  if (!new.target) throw new TypeError("SharedArray: use it with new");
  if (v.called) fail("new SharedArray must be called in the init context");
  name = nullish(name) ? "" : String(name);
  if (name.length === 0) fail("empty name provided to SharedArray's constructor");
  if (typeof make !== "function") fail("a function is expected as the second argument of SharedArray's constructor");
  if (isAsync(make)) fail("SharedArray constructor does not support async functions as second argument");
  let length = n.array(name);
  if (nullish(length)) {
    const made = make();
    if (!Array.isArray(made)) fail("only arrays can be made into SharedArray");
    n.keepArray(name, made.map((e) => JSON.stringify(e) ?? "null"));
    length = made.length;
  }
  const refuse = () => { throw new TypeError("SharedArray is immutable"); };
  const index = (key) => (typeof key === "string" && /^(0|[1-9]\d*)$/.test(key) && Number(key) < length ? Number(key) : undefined);
  const target = [];
  return new Proxy(target, {
    get(_, key, self) {
      if (key === "length") return length;
      const at = index(key);
      if (at !== undefined) return freeze(JSON.parse(n.element(name, at)));
      return Reflect.get(target, key, self);
    },
    has: (_, key) => key === "length" || index(key) !== undefined || key in target,
    ownKeys: () => [...Array(length).keys()].map(String).concat("length"),
    getOwnPropertyDescriptor(_, key) {
      if (key === "length") return { ...O.getOwnPropertyDescriptor(target, "length") };
      const at = index(key);
      if (at === undefined) return undefined;
      return { value: freeze(JSON.parse(n.element(name, at))), enumerable: true, configurable: true, writable: false };
    },
    set: refuse, defineProperty: refuse, deleteProperty: refuse, setPrototypeOf: refuse, preventExtensions: refuse,
  });
}
modules["k6/data"] = { SharedArray };

// Files that are read in the init code, and tables of them.
class OpenFile {
  #bytes; #at = 0;
  constructor(path) { this.path = path; this.#bytes = new Uint8Array(n.open(path, true)); }
  static text(file) { return n.text(file.#bytes.slice()); }
  async stat() { return { name: this.path.split("/").at(-1), size: this.#bytes.length }; }
  async read(into) {
    if (!(into instanceof Uint8Array)) throw new TypeError("read() needs a Uint8Array");
    const part = this.#bytes.subarray(this.#at, this.#at + into.length);
    if (part.length === 0) return null;
    into.set(part);
    this.#at += part.length;
    return part.length;
  }
  async seek(offset, whence) {
    const from = whence === 0 ? 0 : whence === 1 ? this.#at : this.#bytes.length;
    if (from + offset < 0 || from + offset > this.#bytes.length) throw new TypeError("seek() leads out of the file");
    return (this.#at = from + offset);
  }
}
modules["k6/experimental/fs"] = {
  open: async (path) => {
    if (v.called) fail("open() failed; reason: opening a file in the VU context is not supported");
    return new OpenFile(String(path));
  },
  SeekMode: O.freeze({ Start: 0, Current: 1, End: 2 }),
};
const tableRows = (file, options) => {
  if (!(file instanceof OpenFile)) fail("csv needs a file of k6/experimental/fs");
  const objects = Boolean(options.asObjects);
  const { data } = rare("jslib/papaparse").parse(OpenFile.text(file), { delimiter: options.delimiter ?? ",", header: objects, skipEmptyLines: true });
  const from = !objects && options.skipFirstLine ? Math.max(options.fromLine ?? 0, 1) : options.fromLine ?? 0;
  return data.slice(from, options.toLine === undefined ? undefined : options.toLine + 1);
};
class TableReader {
  #rows; #at = 0;
  constructor(file, options = {}) { this.#rows = tableRows(file, options); }
  async next() {
    const value = this.#rows[this.#at++];
    return value === undefined ? { done: true, value: undefined } : { done: false, value };
  }
}
const parseTable = async (file, options = {}) =>
  new SharedArray("k6/experimental/csv " + file.path + JSON.stringify(options), () => tableRows(file, options));
modules["k6/experimental/csv"] = { parse: parseTable, Parser: TableReader, default: { parse: parseTable, Parser: TableReader } };
