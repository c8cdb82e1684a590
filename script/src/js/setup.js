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
// Stands for an object of the shared copy until it is changed; then for a copy of it, in the target.
class CopyOnWrite {
  constructor(shared, known) {
    this.shared = shared;
    this.known = known;
    this.copied = false;
  }
  part(x) { return copyOnWrite(x, this.known); }
  copy(target) {
    if (this.copied) return;
    this.copied = true;
    const { shared } = this;
    if (Array.isArray(shared)) for (let i = 0; i < shared.length; i++) target[i] = this.part(shared[i]);
    else for (const key of O.keys(shared)) target[key] = this.part(shared[key]);
  }
  get(target, key, self) {
    if (this.copied) return Reflect.get(target, key, self);
    const x = this.shared[key];
    return isObject(x) && O.hasOwn(this.shared, key) ? this.part(x) : x;
  }
  has(target, key) { return Reflect.has(this.copied ? target : this.shared, key); }
  ownKeys(target) { return Reflect.ownKeys(this.copied ? target : this.shared); }
  getOwnPropertyDescriptor(target, key) {
    const d = O.getOwnPropertyDescriptor(this.copied ? target : this.shared, key);
    if (d !== undefined && !this.copied) d.value = this.part(d.value);
    return d;
  }
  set(target, key, x) { this.copy(target); return Reflect.set(target, key, x); }
  defineProperty(target, key, d) { this.copy(target); return Reflect.defineProperty(target, key, d); }
  deleteProperty(target, key) { this.copy(target); return Reflect.deleteProperty(target, key); }
  setPrototypeOf(target, x) { this.copy(target); return Reflect.setPrototypeOf(target, x); }
  preventExtensions(target) { this.copy(target); return Reflect.preventExtensions(target); }
}
const copyOnWrite = (shared, known) => {
  if (!isObject(shared)) return shared;
  const before = known.get(shared);
  if (before !== undefined) return before;
  const proxy = new Proxy(Array.isArray(shared) ? [] : {}, new CopyOnWrite(shared, known));
  known.set(shared, proxy);
  return proxy;
};
