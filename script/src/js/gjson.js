// The selectors of response.json(), which are those of GJSON, and Go's words for what is no JSON.
(({ fail }) => {
  const missing = Symbol("missing");
  const isObject = (x) => typeof x === "object" && x !== null && !Array.isArray(x);

  // The first part of a path: its text, whether it is a pattern, what follows and how.
  const split = (path) => {
    let text = "";
    let wild = false;
    for (let i = 0; i < path.length; i++) {
      const c = path[i];
      if (c === "\\") { text += path[++i] ?? ""; continue; }
      if (c === "." || c === "|") return { text, wild, rest: path.slice(i + 1), pipe: c === "|" };
      if (c === "*" || c === "?") { wild = true; text += "\u0001" + c; continue; }
      if (c === "#" && path[i + 1] === "(") return undefined;
      text += c;
    }
    return { text, wild, rest: undefined, pipe: false };
  };
  const pattern = (text) => {
    let out = "";
    for (let i = 0; i < text.length; i++) {
      if (text[i] === "\u0001") out += text[++i] === "*" ? "[\\s\\S]*" : "[\\s\\S]";
      else out += text[i].replace(/[\\^$.*+?()[\]{}|\/]/g, "\\$&");
    }
    return new RegExp("^" + out + "$");
  };
  // Where the bracket that opens at `from` closes.
  const close = (path, from) => {
    const pairs = { "(": ")", "[": "]", "{": "}" };
    const open = [];
    for (let i = from; i < path.length; i++) {
      const c = path[i];
      if (c === '"') { for (i++; i < path.length && path[i] !== '"'; i++) if (path[i] === "\\") i++; continue; }
      if (pairs[c]) open.push(pairs[c]);
      else if (c === open[open.length - 1]) { open.pop(); if (open.length === 0) return i; }
    }
    return -1;
  };
  const after = (path, end) => {
    if (end >= path.length) return { rest: undefined, pipe: false };
    return { rest: path.slice(end + 1), pipe: path[end] === "|" };
  };
  const literal = (text) => {
    text = text.trim();
    if (text === "") return missing;
    try { return JSON.parse(text); } catch { return text; }
  };
  const compare = (a, op, b) => {
    if (a === missing) return false;
    const same = typeof a === typeof b && typeof a !== "object";
    switch (op) {
      case "=": case "==": return same ? a === b : a === null && b === null;
      case "!=": return same ? a !== b : !(a === null && b === null);
      case "%": case "!%": {
        if (typeof a !== "string" || typeof b !== "string") return false;
        const marked = String(b).replace(/[*?]/g, "\u0001$&");
        return pattern(marked).test(a) === (op === "%");
      }
    }
    if (!same || typeof a === "boolean") return false;
    switch (op) {
      case "<": return a < b;
      case "<=": return a <= b;
      case ">": return a > b;
      case ">=": return a >= b;
    }
    return false;
  };
  const matches = (element, query) => {
    const m = /^((?:\\.|"(?:\\.|[^"])*"|[^=!<>%])*?)\s*(==|=|!=|<=|<|>=|>|!%|%)\s*([\s\S]*)$/.exec(query);
    if (!m) {
      const found = query.trim() === "" ? element : get(element, query.trim());
      return found !== missing;
    }
    const left = m[1].trim() === "" ? element : get(element, m[1].trim());
    return compare(left, m[2], literal(m[3]));
  };
  const modifiers = {
    this: (x) => x,
    valid: (x) => x,
    ugly: (x) => x,
    pretty: (x) => x,
    reverse: (x) => (Array.isArray(x) ? [...x].reverse() : isObject(x) ? Object.fromEntries(Object.entries(x).reverse()) : x),
    keys: (x) => (isObject(x) ? Object.keys(x) : Array.isArray(x) ? x.map(() => null) : []),
    values: (x) => (isObject(x) ? Object.values(x) : Array.isArray(x) ? x : [x]),
    flatten: (x) => (Array.isArray(x) ? x.flat(1) : x),
    join: (x) => (Array.isArray(x) ? Object.assign({}, ...x.filter(isObject)) : x),
    tostr: (x) => JSON.stringify(x),
    fromstr: (x) => { try { return JSON.parse(x); } catch { return missing; } },
  };
  const modified = (x, path) => {
    const m = /^@([a-z]+)(:(?:\{[^}]*\}|"(?:\\.|[^"])*"|[^.|]*))?/.exec(path);
    const change = m && modifiers[m[1]];
    if (!change) return missing;
    const { rest } = after(path, m[0].length);
    return next(change(x), rest);
  };
  const next = (x, rest) => (x === missing || rest === undefined ? x : get(x, rest));
  // What stands for every element of an array.
  const each = (list, rest) => list.map((e) => get(e, rest)).filter((e) => e !== missing);
  const several = (x, path) => {
    const end = close(path, 0);
    if (end < 0) return missing;
    const inside = path.slice(1, end);
    const parts = [];
    let from = 0;
    for (let i = 0; i <= inside.length; i++) {
      if (i === inside.length || inside[i] === ",") { parts.push(inside.slice(from, i)); from = i + 1; continue; }
      if ("([{".includes(inside[i])) { const c = close(inside, i); if (c > 0) i = c; }
      if (inside[i] === '"') for (i++; i < inside.length && inside[i] !== '"'; i++);
    }
    const object = path[0] === "{";
    const made = object ? {} : [];
    for (const part of parts) {
      const m = object && /^"((?:\\.|[^"])*)":([\s\S]*)$/.exec(part);
      const found = get(x, m ? m[2] : part);
      if (found === missing) continue;
      if (!object) made.push(found);
      else made[m ? m[1] : part.split(/[.|]/).pop()] = found;
    }
    return next(made, after(path, end + 1).rest);
  };
  const get = (x, path) => {
    if (path === "") return missing;
    if (path[0] === "@") return modified(x, path);
    if (path[0] === "{" || path[0] === "[") return several(x, path);
    if (path[0] === "#" && Array.isArray(x)) {
      if (path[1] === "(") {
        const end = close(path, 1);
        if (end < 0) return missing;
        const query = path.slice(2, end);
        const every = path[end + 1] === "#";
        const found = x.filter((e) => matches(e, query));
        const { rest, pipe } = after(path, end + (every ? 2 : 1));
        if (!every) return found.length === 0 ? missing : next(found[0], rest);
        if (rest === undefined) return found;
        return pipe ? get(found, rest) : each(found, rest);
      }
      if (path === "#") return x.length;
      if (path[1] === ".") return each(x, path.slice(2));
      if (path[1] === "|") return get(x.length, path.slice(2));
    }
    const step = split(path);
    if (step === undefined || (step.text === "" && !step.wild)) {
      if (step === undefined || !isObject(x) || !("" in x)) return missing;
    }
    let found = missing;
    if (Array.isArray(x)) {
      if (/^\d+$/.test(step.text) && Number(step.text) < x.length) found = x[Number(step.text)];
    } else if (isObject(x)) {
      if (step.wild) {
        const fits = pattern(step.text);
        const key = Object.keys(x).find((k) => fits.test(k));
        if (key !== undefined) found = x[key];
      } else if (Object.hasOwn(x, step.text)) found = x[step.text];
    }
    return next(found, step.rest);
  };

  // Where Go's decoder stops in a text that is no JSON, and what it says.
  const refuse = (text) => {
    let i = 0;
    const space = () => { while (i < text.length && " \t\r\n".includes(text[i])) i++; };
    const stop = (what) => {
      if (i >= text.length) throw { at: text.length, say: "unexpected end of JSON input" };
      throw { at: i + 1, say: `invalid character ${text[i] === "'" ? `'\\''` : `'${text[i]}'`} ${what}` };
    };
    const word = (w) => {
      for (const [k, c] of [...w].entries()) {
        if (text[i] !== c) stop(`in literal ${w} (expecting '${w[k]}')`);
        i++;
      }
    };
    const string = () => {
      for (i++; ; i++) {
        if (i >= text.length) stop("");
        if (text[i] === '"') { i++; return; }
        if (text[i] < " ") stop("in string literal");
        if (text[i] === "\\") {
          i++;
          if (text[i] === "u") { for (let k = 0; k < 4; k++) { i++; if (!/[0-9a-fA-F]/.test(text[i] ?? "")) stop("in \\u hexadecimal character escape"); } }
          else if (!'"\\/bfnrt'.includes(text[i] ?? "?")) stop("in string escape code");
        }
      }
    };
    const number = () => {
      const m = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(text.slice(i));
      if (!m) { i++; stop("in numeric literal"); }
      i += m[0].length;
    };
    const value = () => {
      space();
      const c = text[i];
      if (c === "{") {
        i++; space();
        if (text[i] === "}") { i++; return; }
        for (;;) {
          space();
          if (text[i] !== '"') stop("looking for beginning of object key string");
          string(); space();
          if (text[i] !== ":") stop("after object key");
          i++; value(); space();
          if (text[i] === ",") { i++; continue; }
          if (text[i] === "}") { i++; return; }
          stop("after object key:value pair");
        }
      }
      if (c === "[") {
        i++; space();
        if (text[i] === "]") { i++; return; }
        for (;;) {
          value(); space();
          if (text[i] === ",") { i++; continue; }
          if (text[i] === "]") { i++; return; }
          stop("after array element");
        }
      }
      if (c === '"') return string();
      if (c === "t") return word("true");
      if (c === "f") return word("false");
      if (c === "n") return word("null");
      if (c !== undefined && /[-\d]/.test(c)) return number();
      return stop("looking for beginning of value");
    };
    let at = text.length;
    let say = "unexpected end of JSON input";
    try { value(); space(); if (i < text.length) stop("after top-level value"); } catch (e) {
      if (e.say === undefined) throw e;
      ({ at, say } = e);
    }
    const before = text.slice(0, Math.max(at - 1, 0));
    const line = before.split("\n").length;
    const column = at - (before.lastIndexOf("\n") + 1);
    return fail(`cannot parse json due to an error at line ${line}, character ${column} , error: ${say}`);
  };

  // The names of a path of nothing but names, which most are.
  const plain = new Map();
  const namesOf = (path) => {
    let names = plain.get(path);
    if (names === undefined) {
      names = /^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$/.test(path) ? path.split(".") : null;
      if (plain.size >= 1000) plain.clear();
      plain.set(path, names);
    }
    return names;
  };

  const select = (text, path) => {
    let parsed;
    try { parsed = JSON.parse(text); } catch { return undefined; }
    const names = namesOf(path);
    if (names !== null) {
      let x = parsed;
      for (let i = 0; i < names.length; i++) {
        if (!isObject(x) || !Object.hasOwn(x, names[i])) return undefined;
        x = x[names[i]];
      }
      return x;
    }
    const found = get(parsed, path);
    return found === missing ? undefined : found;
  };
  select.refuse = refuse;
  return select;
})
