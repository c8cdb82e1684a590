// k6/metrics
const metricKind = (kind) => function (name, isTime) {
  if (!new.target) throw new TypeError(`${kind}: use it with new`);
  if (v.called) fail("metrics must be declared in the init context");
  name = String(name);
  if (!/^[A-Za-z_][A-Za-z0-9_]{1,127}$/.test(name)) {
    fail(`Invalid metric name: '${name}'. Metric names must only include up to 128 ASCII letters, numbers, or underscores ` +
      "and start with a letter or an underscore.");
  }
  const lower = kind.toLowerCase();
  const known = (v.metrics ??= new Map());
  const before = known.get(name);
  if (before !== undefined && before !== lower + Boolean(isTime)) {
    fail(`metric '${name}' already exists but with type ${before.replace(/true|false/, "")}, instead of ${lower}`);
  }
  if (before === undefined) n.declare(name, lower, Boolean(isTime));
  known.set(name, lower + Boolean(isTime));
  O.defineProperty(this, "name", { value: name, enumerable: true });
  this.add = n.adder(name);
};
const shortened = (text) => {
  const letters = [...text];
  if (letters.length < 100) return text;
  return letters.slice(0, 50).join("") + `... omitting ${letters.length - 100} characters ...` + letters.slice(-50).join("");
};
const add = (name, args) => {
  notInInit("Adding to metrics in the init context is not supported");
  const [value, tags] = args;
  const refuse = (text) => {
    if (v.httpOptions.throw) fail(text);
    n.log("warning", text);
    return false;
  };
  if (args.length === 0) return refuse(`no value was provided for metric '${name}', a number or a boolean value is expected`);
  const invalid = () =>
    refuse(`'${shortened(String(value))}' is an invalid value for metric '${name}', a number or a boolean value is expected`);
  if (value === null) return invalid();
  let x = typeof value === "bigint" ? Number(value) : +value;
  if (x === 0 && value) x = typeof value === "number" ? x : 1;
  if (isNaN(x)) return invalid();
  let all = currentTags();
  try { all = tagsFrom(tags, "", all); } catch (e) { fail(`cannot add tags for the '${name}' custom metric: ${e.message.replace(/^: /, "")}`); }
  n.sample(name, x, flat(all));
  return true;
};
slow.add = function (...args) { return add(String(this), args); };
modules["k6/metrics"] = {
  Counter: metricKind("Counter"), Gauge: metricKind("Gauge"), Trend: metricKind("Trend"), Rate: metricKind("Rate"),
};
