// k6/html: an HTML text as a tree, and selections of its elements.
(({ fail }) => {
  const VOID = new Set(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]);
  const RAW = new Set(["script", "style", "textarea", "title"]);
  // Elements that an opening tag of the given name closes.
  const CLOSES = {
    li: ["li"], option: ["option"], tr: ["tr", "td", "th"], td: ["td", "th"], th: ["td", "th"], dt: ["dt", "dd"], dd: ["dt", "dd"],
    tbody: ["thead", "tbody", "tr", "td", "th"], p: ["p"], div: ["p"], ul: ["p"], ol: ["p"], table: ["p"], form: ["p"],
    h1: ["p"], h2: ["p"], h3: ["p"],
  };
  const BARRIER = new Set(["ul", "ol", "table", "select", "dl", "div", "body", "html", "form"]);
  const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0", copy: "\u00a9", reg: "\u00ae", hellip: "\u2026", ndash: "\u2013", mdash: "\u2014", euro: "\u20ac", laquo: "\u00ab", raquo: "\u00bb" };
  const decode = (text) => text.replace(/&(#x[0-9a-f]+|#\d+|\w+);?/gi, (whole, name) => {
    if (name[0] === "#") {
      const code = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1));
      return code > 0 && code < 0x110000 ? String.fromCodePoint(code) : "\ufffd";
    }
    return ENTITIES[name] ?? whole;
  });
  const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const node = (name, attributes, parent) => ({ name, attributes, children: [], parent });
  const attributesOf = (text) => {
    const all = new Map();
    for (const [, name, , double, single, bare] of text.matchAll(/([^\s=/>"']+)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?/g)) {
      const key = name.toLowerCase();
      if (!all.has(key)) all.set(key, decode(double ?? single ?? bare ?? ""));
    }
    return all;
  };
  const parse = (text) => {
    const root = node("#document", new Map(), undefined);
    let at = root;
    const put = (text) => { if (text !== "") at.children.push({ name: "#text", text, parent: at }); };
    const token = /<!--[\s\S]*?(?:-->|$)|<![^>]*>|<\?[^>]*>|<\/([a-zA-Z][^\s>/]*)[^>]*>|<([a-zA-Z][^\s>/]*)((?:"[^"]*"|'[^']*'|[^>"'])*)>/g;
    let from = 0;
    for (let m; (m = token.exec(text)) !== null;) {
      put(decode(text.slice(from, m.index)));
      from = token.lastIndex;
      if (m[1] !== undefined) {
        const name = m[1].toLowerCase();
        for (let up = at; up !== undefined; up = up.parent) if (up.name === name) { at = up.parent ?? root; break; }
      } else if (m[2] !== undefined) {
        const name = m[2].toLowerCase();
        for (let up = at; up.parent !== undefined && CLOSES[name] !== undefined;) {
          if (CLOSES[name].includes(up.name)) { at = up.parent; up = at; continue; }
          if (BARRIER.has(up.name)) break;
          up = up.parent;
        }
        const made = node(name, attributesOf(m[3]), at);
        at.children.push(made);
        if (RAW.has(name)) {
          const end = text.slice(from).search(new RegExp("</" + name, "i"));
          const inner = end < 0 ? text.slice(from) : text.slice(from, from + end);
          if (inner !== "") made.children.push({ name: "#text", text: name === "script" || name === "style" ? inner : decode(inner), parent: made });
          from += inner.length;
          const close = /^<\/[^>]*>/.exec(text.slice(from));
          if (close) from += close[0].length;
          token.lastIndex = from;
        } else if (!VOID.has(name) && !m[3].trimEnd().endsWith("/")) at = made;
      }
    }
    put(decode(text.slice(from)));
    return root;
  };
  const isElement = (x) => x.attributes !== undefined && x.name !== "#document";
  const elements = (x) => x.children?.filter(isElement) ?? [];
  // The siblings of an element, from it on in both directions.
  const behind = (x) => { const all = elements(x.parent); return all.slice(all.indexOf(x) + 1); };
  const ahead = (x) => { const all = elements(x.parent); return all.slice(0, all.indexOf(x)).reverse(); };
  const inner = (x) => (x.name === "#text" ? x.text : x.children.map(inner).join(""));
  const outerHtml = (x) => {
    if (x.name === "#text") return x.parent?.name === "script" || x.parent?.name === "style" ? x.text : escape(x.text);
    if (x.name === "#document") return innerHtml(x);
    const list = [...x.attributes].map(([k, v]) => ` ${k}="${v.replace(/&/g, "&amp;").replace(/"/g, "&#34;")}"`).join("");
    return VOID.has(x.name) ? `<${x.name}${list}/>` : `<${x.name}${list}>${innerHtml(x)}</${x.name}>`;
  };
  const innerHtml = (x) => x.children.map(outerHtml).join("");

  // A list of CSS selectors as tests of an element, from the right to the left.
  const compiled = new Map();
  const compile = (text) => {
    let known = compiled.get(text);
    if (known === undefined) {
      known = split(text, ",").map((one) => chain(one.trim()));
      compiled.set(text, known);
    }
    return known;
  };
  const split = (text, separator) => {
    const parts = [];
    let depth = 0;
    let quote = "";
    let part = "";
    for (const c of text) {
      if (quote !== "") { if (c === quote) quote = ""; }
      else if (c === '"' || c === "'") quote = c;
      else if (c === "(" || c === "[") depth++;
      else if (c === ")" || c === "]") depth--;
      else if (c === separator && depth === 0) { parts.push(part); part = ""; continue; }
      part += c;
    }
    return [...parts, part];
  };
  const chain = (text) => {
    const steps = [];
    let rest = text;
    let how = "";
    while (rest !== "") {
      const m = /^((?:[*\w-]|\\.|[^\x00-\x7f])*)((?:[.#](?:[\w-]|\\.|[^\x00-\x7f])+|\[[^\]]*\]|:[\w-]+(?:\((?:[^()]|\([^()]*\))*\))?)*)/.exec(rest);
      if (m[0] === "") fail(`the selector '${text}' cannot be read`);
      steps.push({ how, test: simple(m[1], m[2]) });
      rest = rest.slice(m[0].length);
      const between = /^\s*([>+~]?)\s*/.exec(rest);
      how = between[1] === "" ? " " : between[1];
      rest = rest.slice(between[0].length);
    }
    return steps;
  };
  const nth = (text, at) => {
    const plain = text.trim().toLowerCase();
    const rule = plain === "odd" ? [2, 1] : plain === "even" ? [2, 0] : undefined;
    const m = /^([+-]?\d*)n\s*([+-]\s*\d+)?$/.exec(plain);
    const [a, b] = rule ?? (m ? [m[1] === "" || m[1] === "+" ? 1 : m[1] === "-" ? -1 : Number(m[1]), Number((m[2] ?? "0").replace(/\s/g, ""))] : [0, Number(plain)]);
    return a === 0 ? at === b : (at - b) % a === 0 && (at - b) / a >= 0;
  };
  const simple = (name, more) => {
    const tests = [];
    const plain = (s) => s.replace(/\\(.)/g, "$1");
    if (name !== "" && name !== "*") tests.push((x) => x.name === name.toLowerCase());
    for (const [part] of more.matchAll(/[.#](?:[\w-]|\\.|[^\x00-\x7f])+|\[[^\]]*\]|:[\w-]+(?:\((?:[^()]|\([^()]*\))*\))?/g)) {
      const rest = plain(part.slice(1));
      if (part[0] === "#") tests.push((x) => x.attributes.get("id") === rest);
      else if (part[0] === ".") tests.push((x) => (x.attributes.get("class") ?? "").split(/\s+/).includes(rest));
      else if (part[0] === "[") {
        const m = /^\[\s*([\w-]+)\s*(?:([~|^$*!]?=)\s*(?:"([^"]*)"|'([^']*)'|([^\]\s]*)))?\s*\]$/.exec(part);
        if (!m) fail(`the selector '${part}' cannot be read`);
        const [, key, how] = m;
        const value = m[3] ?? m[4] ?? m[5] ?? "";
        tests.push((x) => {
          const own = x.attributes.get(key.toLowerCase());
          if (how === "!=") return own !== value;
          if (own === undefined) return false;
          switch (how) {
            case undefined: return true;
            case "=": return own === value;
            case "^=": return value !== "" && own.startsWith(value);
            case "$=": return value !== "" && own.endsWith(value);
            case "*=": return value !== "" && own.includes(value);
            case "~=": return own.split(/\s+/).includes(value);
            default: return own === value || own.startsWith(value + "-");
          }
        });
      } else tests.push(pseudo(part));
    }
    return (x) => tests.every((test) => test(x));
  };
  const pseudo = (part) => {
    const [, name, given] = /^:([\w-]+)(?:\(([\s\S]*)\))?$/.exec(part);
    const among = (x) => elements(x.parent ?? { children: [] });
    switch (name) {
      case "first-child": return (x) => among(x)[0] === x;
      case "last-child": return (x) => among(x).at(-1) === x;
      case "only-child": return (x) => among(x).length === 1;
      case "nth-child": return (x) => nth(given, among(x).indexOf(x) + 1);
      case "nth-last-child": return (x) => nth(given, among(x).length - among(x).indexOf(x));
      case "first-of-type": return (x) => among(x).find((y) => y.name === x.name) === x;
      case "last-of-type": return (x) => among(x).findLast((y) => y.name === x.name) === x;
      case "nth-of-type": return (x) => nth(given, among(x).filter((y) => y.name === x.name).indexOf(x) + 1);
      case "empty": return (x) => x.children.length === 0;
      case "checked": return (x) => x.attributes.has("checked") || x.attributes.has("selected");
      case "selected": return (x) => x.attributes.has("selected");
      case "disabled": return (x) => x.attributes.has("disabled");
      case "enabled": return (x) => !x.attributes.has("disabled");
      case "input": return (x) => ["input", "select", "textarea", "button"].includes(x.name);
      case "not": { const inside = compile(given); return (x) => !inside.some((c) => matches(x, c)); }
      case "has": { const inside = compile(given); return (x) => within(x).some((y) => inside.some((c) => matches(y, c))); }
      case "contains": { const text = given.replace(/^["']|["']$/g, ""); return (x) => inner(x).includes(text); }
    }
    return fail(`the selector ':${name}' is not there; use a class, an attribute or a place among the children`);
  };
  const matches = (x, steps, at = steps.length - 1) => {
    if (!steps[at].test(x)) return false;
    if (at === 0) return true;
    const brothers = () => { const all = elements(x.parent); return all.slice(0, all.indexOf(x)); };
    switch (steps[at].how) {
      case ">": return isElement(x.parent) && matches(x.parent, steps, at - 1);
      case "+": { const before = brothers().at(-1); return before !== undefined && matches(before, steps, at - 1); }
      case "~": return brothers().some((y) => matches(y, steps, at - 1));
    }
    for (let up = x.parent; up !== undefined && isElement(up); up = up.parent) if (matches(up, steps, at - 1)) return true;
    return false;
  };
  const within = (x) => {
    const all = [];
    const walk = (y) => { for (const z of elements(y)) { all.push(z); walk(z); } };
    walk(x);
    return all;
  };
  const unique = (list) => [...new Set(list)];

  // An element as `get` and the callbacks see it.
  class Element {
    #x;
    constructor(x) { this.#x = x; }
    static of(x) { return x === undefined ? undefined : new Element(x); }
    static node(e) { return e.#x; }
    nodeName() { return this.#x.name; }
    nodeType() { return 1; }
    nodeValue() { return undefined; }
    id() { return this.#x.attributes.get("id") ?? ""; }
    className() { return this.#x.attributes.get("class") ?? ""; }
    textContent() { return inner(this.#x); }
    innerHTML() { return innerHtml(this.#x); }
    getAttribute(name) { return this.#x.attributes.get(String(name).toLowerCase()); }
    hasAttribute(name) { return this.#x.attributes.has(String(name).toLowerCase()); }
    attributes() { return Object.fromEntries([...this.#x.attributes].map(([name, value]) => [name, { name: () => name, value: () => value }])); }
    children() { return elements(this.#x).map(Element.of); }
    childNodes() { return elements(this.#x).map(Element.of); }
    parentElement() { return isElement(this.#x.parent) ? Element.of(this.#x.parent) : undefined; }
    firstElementChild() { return Element.of(elements(this.#x)[0]); }
    lastElementChild() { return Element.of(elements(this.#x).at(-1)); }
    querySelector(css) { return Element.of(new Selection([this.#x]).find(css).nodes()[0]); }
    querySelectorAll(css) { return new Selection([this.#x]).find(css).nodes().map(Element.of); }
    selection() { return new Selection([this.#x]); }
    href() { return this.getAttribute("href") ?? ""; }
    value() { return valueOf(this.#x); }
    text() { return this.textContent(); }
  }
  const valueOf = (x) => {
    if (x === undefined) return undefined;
    if (x.name === "textarea") return inner(x);
    const option = (o) => o.attributes.get("value") ?? inner(o).trim();
    if (x.name === "option") return option(x);
    if (x.name !== "select") return x.attributes.get("value") ?? (/^(checkbox|radio)$/.test(x.attributes.get("type") ?? "") ? "on" : undefined);
    const all = within(x).filter((o) => o.name === "option");
    const chosen = all.filter((o) => o.attributes.has("selected"));
    if (x.attributes.has("multiple")) return chosen.map(option);
    const one = chosen[0] ?? all[0];
    return one === undefined ? undefined : option(one);
  };
  class Selection {
    #list;
    constructor(list) { this.#list = list; }
    nodes() { return this.#list; }
    #filtered(given, keep) {
      if (given === undefined) return this.#list;
      if (typeof given === "function") return this.#list.filter((x, i) => Boolean(given(i, Element.of(x))) === keep);
      if (given instanceof Selection) return this.#list.filter((x) => given.#list.includes(x) === keep);
      const css = compile(String(given));
      return this.#list.filter((x) => isElement(x) && css.some((c) => matches(x, c)) === keep);
    }
    #each(step, given) {
      const all = new Selection(unique(this.#list.flatMap(step).filter((x) => x !== undefined && isElement(x))));
      return given === undefined ? all : all.filter(given);
    }
    get length() { return this.#list.length; }
    size() { return this.#list.length; }
    find(given) {
      if (given instanceof Selection) return new Selection(given.#list.filter((x) => this.#list.some((y) => within(y).includes(x))));
      const css = compile(String(given));
      return new Selection(unique(this.#list.flatMap(within)).filter((x) => css.some((c) => matches(x, c))));
    }
    filter(given) { return new Selection(this.#filtered(given, true)); }
    not(given) { return new Selection(this.#filtered(given, false)); }
    is(given) { return this.#filtered(given, true).length > 0; }
    has(given) { return new Selection(this.#list.filter((x) => new Selection([x]).find(given).size() > 0)); }
    first() { return new Selection(this.#list.slice(0, 1)); }
    last() { return new Selection(this.#list.slice(-1)); }
    eq(at) { const x = this.#list.at(at); return new Selection(x === undefined ? [] : [x]); }
    slice(from, to) { return new Selection(this.#list.slice(from, to)); }
    get(at) { return at === undefined ? this.#list.map(Element.of) : Element.of(this.#list.at(at)); }
    toArray() { return this.#list.map((x) => new Selection([x])); }
    index(css) {
      if (css !== undefined) return new Selection(elements(this.#list[0]?.parent ?? { children: [] })).filter(css).nodes().indexOf(this.#list[0]);
      const x = this.#list[0];
      return x === undefined || x.parent === undefined ? -1 : elements(x.parent).indexOf(x);
    }
    each(callback) { this.#list.forEach((x, i) => { callback(i, Element.of(x)); }); return this; }
    map(callback) { return this.#list.map((x, i) => callback(i, new Selection([x]))); }
    text() { return this.#list.map(inner).join(""); }
    html() { return this.#list.length === 0 ? undefined : innerHtml(this.#list[0]); }
    attr(name, otherwise) { return this.#list[0]?.attributes?.get(String(name).toLowerCase()) ?? otherwise; }
    val() { return valueOf(this.#list[0]); }
    data(name) {
      const typed = (text) => { try { return JSON.parse(text); } catch { return text; } };
      const own = [...(this.#list[0]?.attributes ?? [])].filter(([key]) => key.startsWith("data-"));
      const camel = (key) => key.slice(5).replace(/-(.)/g, (_, c) => c.toUpperCase());
      if (name === undefined) return Object.fromEntries(own.map(([key, value]) => [camel(key), typed(value)]));
      const found = own.find(([key]) => camel(key) === name || key === "data-" + name);
      return found === undefined ? undefined : typed(found[1]);
    }
    children(given) { return this.#each(elements, given); }
    contents() { return new Selection(this.#list.flatMap((x) => x.children ?? [])); }
    parent(given) { return this.#each((x) => [x.parent], given); }
    parents(given) {
      return this.#each((x) => { const all = []; for (let up = x.parent; up !== undefined; up = up.parent) all.push(up); return all; }, given);
    }
    closest(css) {
      return this.#each((x) => { for (let up = x; up !== undefined && isElement(up); up = up.parent) if (new Selection([up]).is(css)) return [up]; return []; });
    }
    siblings(given) { return this.#each((x) => elements(x.parent).filter((y) => y !== x), given); }
    next(given) { return this.#each((x) => { const all = elements(x.parent); return [all[all.indexOf(x) + 1]]; }, given); }
    nextAll(given) { return this.#each(behind, given); }
    prev(given) { return this.#each((x) => { const all = elements(x.parent); return [all[all.indexOf(x) - 1]]; }, given); }
    prevAll(given) { return this.#each(ahead, given); }
    // Those of a list before the first that fits: a selector, an element or a selection.
    #until(list, given, filter) {
      const fits = (x) => given !== undefined && new Selection([x]).is(given);
      return this.#each((x) => {
        const all = list(x);
        const end = all.findIndex(fits);
        return end < 0 ? all : all.slice(0, end);
      }, filter);
    }
    nextUntil(given, filter) { return this.#until(behind, given, filter); }
    prevUntil(given, filter) { return this.#until(ahead, given, filter); }
    parentsUntil(given, filter) {
      return this.#until((x) => { const all = []; for (let up = x.parent; up !== undefined && isElement(up); up = up.parent) all.push(up); return all; }, given, filter);
    }
    serializeArray() {
      const fields = this.#list.flatMap((x) => (x.name === "form" ? within(x) : [x]));
      const sent = fields.filter((x) => ["input", "select", "textarea"].includes(x.name) && x.attributes.get("name") && !x.attributes.has("disabled") &&
        !["submit", "button", "image", "reset", "file"].includes(x.attributes.get("type")) &&
        (!["checkbox", "radio"].includes(x.attributes.get("type")) || x.attributes.has("checked")));
      return sent.flatMap((x) => [valueOf(x) ?? ""].flat().map((value) => ({ name: x.attributes.get("name"), value })));
    }
    serializeObject() { return Object.fromEntries(this.serializeArray().map(({ name, value }) => [name, value])); }
    serialize() { return this.serializeArray().map(({ name, value }) => encodeURIComponent(name) + "=" + encodeURIComponent(value).replace(/%20/g, "+")).join("&"); }
  }
  const parseHTML = (text) => new Selection([parse(String(text))]);
  return { parseHTML, Selection, Element };
})
