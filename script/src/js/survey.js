// What scripts of all VUs see: the objects that can be reached from the global one and from the modules.
//
// VUs that share an engine must not change them. `survey` notes what they are like, `changed` tells what differs.
const survey = () => {
  const seen = new Set();
  const rows = [];
  const visit = (x, name) => {
    if ((typeof x !== "object" || x === null) && typeof x !== "function") return;
    if (seen.has(x)) return;
    seen.add(x);
    rows.push({ object: x, name, keys: undefined, values: undefined, proto: undefined, extensible: true });
  };
  visit(globalThis, "globalThis");
  for (const name of O.keys(modules)) {
    if (O.getOwnPropertyDescriptor(modules, name).get === undefined) visit(modules[name], name);
  }
  // Those that no name leads to.
  for (const x of [[][Symbol.iterator](), new Map().entries(), new Set().values(), ""[Symbol.iterator](), "".matchAll(/./g),
    (function* () {})(), (async () => {}), (async function* () {}), function* () {}, refusal({ message: "" }), usualStatuses]) visit(O.getPrototypeOf(x), classOf(x));
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const { object } = row;
    row.proto = O.getPrototypeOf(object);
    row.extensible = O.isExtensible(object);
    row.keys = Reflect.ownKeys(object);
    row.values = [];
    visit(row.proto, row.name + ".__proto__");
    for (const key of row.keys) {
      const d = O.getOwnPropertyDescriptor(object, key);
      row.values.push(d.value, d.get, d.set);
      const name = row.name === "globalThis" ? String(key) : row.name + "." + String(key);
      visit(d.value, name);
      visit(d.get, name);
      visit(d.set, name);
    }
  }
  const { stackTraceLimit, prepareStackTrace } = Error;
  return { rows, stackTraceLimit, prepareStackTrace };
};
const changed = ({ rows, stackTraceLimit, prepareStackTrace }) => {
  if (!O.is(Error.stackTraceLimit, stackTraceLimit)) return "Error.stackTraceLimit";
  if (!O.is(Error.prepareStackTrace, prepareStackTrace)) return "Error.prepareStackTrace";
  for (const row of rows) {
    const { object, name } = row;
    if (O.getPrototypeOf(object) !== row.proto) return "the prototype of " + name;
    if (O.isExtensible(object) !== row.extensible) return name;
    const keys = Reflect.ownKeys(object);
    for (let i = 0; i < Math.max(keys.length, row.keys.length); i++) {
      const place = (key) => (name === "globalThis" ? "globalThis." : name + ".") + String(key);
      if (keys[i] !== row.keys[i]) return place(row.keys.includes(keys[i]) ? row.keys[i] : keys[i] ?? row.keys[i]);
      const d = O.getOwnPropertyDescriptor(object, keys[i]);
      if (!O.is(d.value, row.values[3 * i]) || d.get !== row.values[3 * i + 1] || d.set !== row.values[3 * i + 2]) return place(keys[i]);
    }
  }
  return undefined;
};
