// What setup returned. Every VU has a copy of its own, but where many share an engine a large one is only made of the
// parts that a VU changes: the others are read from one that all have.
const nothing = { text: undefined, value: undefined };
let given = nothing;
const give = (text) => { given = nullish(text) ? nothing : { text, value: undefined }; };
const LARGE = 4096;
const ownData = () => {
  if (given.text === undefined) return undefined;
  if (!n.shared() || given.text.length < LARGE) return JSON.parse(given.text);
  given.value ??= JSON.parse(given.text);
  return copyOnWrite(given.value, new Map());
};
// Stands for an object of the shared copy until it is changed; then for a copy of it, in `target`.
const copyOnWrite = (shared, known) => {
  if (!isObject(shared)) return shared;
  const before = known.get(shared);
  if (before !== undefined) return before;
  const target = Array.isArray(shared) ? [] : {};
  let copied = false;
  const part = (x) => copyOnWrite(x, known);
  const copy = () => {
    if (copied) return;
    copied = true;
    if (Array.isArray(shared)) for (let i = 0; i < shared.length; i++) target[i] = part(shared[i]);
    else for (const key of O.keys(shared)) target[key] = part(shared[key]);
  };
  const proxy = new Proxy(target, {
    get(_, key, self) {
      if (copied) return Reflect.get(target, key, self);
      const x = shared[key];
      return isObject(x) && O.hasOwn(shared, key) ? part(x) : x;
    },
    has: (_, key) => Reflect.has(copied ? target : shared, key),
    ownKeys: () => Reflect.ownKeys(copied ? target : shared),
    getOwnPropertyDescriptor(_, key) {
      const d = O.getOwnPropertyDescriptor(copied ? target : shared, key);
      if (d !== undefined && !copied) d.value = part(d.value);
      return d;
    },
    set(_, key, x) { copy(); return Reflect.set(target, key, x); },
    defineProperty(_, key, d) { copy(); return Reflect.defineProperty(target, key, d); },
    deleteProperty(_, key) { copy(); return Reflect.deleteProperty(target, key); },
    setPrototypeOf(_, x) { copy(); return Reflect.setPrototypeOf(target, x); },
    preventExtensions() { copy(); return Reflect.preventExtensions(target); },
    isExtensible() { return Reflect.isExtensible(target); },
  });
  known.set(shared, proxy);
  return proxy;
};
