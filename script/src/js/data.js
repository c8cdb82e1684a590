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
