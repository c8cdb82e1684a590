// A call of k6/http: from its arguments to the hops that are sent.
// Where the natives read what objects of this side stand for: the number of a list of statuses, the name of an address.
const marks = { statuses: Symbol("statuses"), template: Symbol("template") };
class ExpectedStatuses {
  constructor(ranges) { define(this, marks.statuses, n.statuses(ranges)); }
}
const usualStatuses = new ExpectedStatuses([[200, 399]]);

const unit = { ns: 1e-6, us: 1e-3, "\u00b5s": 1e-3, ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };
// Milliseconds of a duration as k6 reads one.
const durationOf = (x) => {
  if (typeof x === "number" && !isNaN(x)) return x;
  if (typeof x !== "string") fail(`unable to use type ${goType(x)} as a duration value`);
  if (x.trim() !== "" && isFinite(Number(x))) return Number(x);
  const m = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|ms|s|m|h|d))+$/.exec(x);
  if (!m) {
    if (/^[+-]?[\d.]+$/.test(x)) fail(`time: missing unit in duration ${JSON.stringify(x)}`);
    fail(`time: invalid duration ${JSON.stringify(x)}`);
  }
  let ms = 0;
  for (const [, amount, name] of x.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|ms|s|m|h|d)/g)) ms += Number(amount) * unit[name];
  return m[1] === "-" ? -ms : ms;
};

// Adds tags to others, of which there may be none yet.
const tagsFrom = (given, what, into) => {
  if (nullish(given)) return into;
  if (!isObject(given)) fail(`${what}: tags must be specified as an object`);
  into ??= {};
  const keys = O.keys(given);
  for (let i = 0; i < keys.length; i++) {
    const v = given[keys[i]];
    if (isObject(v) || typeof v === "function") {
      fail(`${what}: invalid value for metric tag '${keys[i]}': only String, Boolean and Number types are accepted as a metric tag values`);
    }
    if (!nullish(v)) into[keys[i]] = text(v);
  }
  return into;
};
// Tags that all samples of the VU have; undefined if there are none.
const currentTags = () =>
  (v.tags === noOptions && v.scenarioTags === noOptions ? undefined : O.assign({}, v.scenarioTags, v.tags));
// Tells the natives what the VU's calls have unless they say otherwise.
const tellDefaults = () => {
  const { userAgent, discardResponseBodies } = v.httpOptions;
  n.defaults(nullish(userAgent) ? undefined : String(userAgent), v.callback?.[marks.statuses], flat(currentTags()), Boolean(discardResponseBodies));
};
// Names and values in turn, as the natives take them.
const flat = (tags) => {
  if (tags === undefined) return undefined;
  const list = [];
  const keys = O.keys(tags);
  for (let i = 0; i < keys.length; i++) list.push(keys[i], tags[keys[i]]);
  return list;
};

const queryEscape = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase()).replace(/%20/g, "+");
const goValueText = (x) => {
  if (nullish(x)) return "<nil>";
  if (Array.isArray(x)) return "[" + x.map(goValueText).join(" ") + "]";
  if (isObject(x)) return "map[" + O.keys(x).sort().map((k) => k + ":" + goValueText(x[k])).join(" ") + "]";
  return String(x);
};

class FileData {
  constructor(data, filename, contentType) {
    this.data = data; this.filename = filename; this.content_type = contentType;
  }
}
const multipart = (fields) => {
  const boundary = "capsim" + String(++v.boundaries).padStart(24, "0");
  const parts = [];
  const add = (text) => { for (const b of n.bytes(text)) parts.push(b); };
  const quoted = (text) => String(text).replace(/\\/g, "\\\\").replace(/"/g, '\\"');
  for (const key of O.keys(fields)) {
    const v = fields[key];
    add(`--${boundary}\r\nContent-Disposition: form-data; name="${quoted(key)}"`);
    if (v instanceof FileData) {
      add(`; filename="${quoted(v.filename)}"\r\nContent-Type: ${v.content_type}\r\n\r\n`);
      add(v.data);
    } else {
      add("\r\n\r\n" + (nullish(v) ? "" : goValueText(v)));
    }
    add("\r\n");
  }
  add(`--${boundary}--\r\n`);
  return [new Uint8Array(parts), "multipart/form-data; boundary=" + boundary];
};
// The bytes of a body and, for an object, its type.
const bodyOf = (body) => {
  if (nullish(body)) return [undefined, undefined];
  if (typeof body === "string") return [body, undefined];
  if (body instanceof ArrayBuffer) return [body, undefined];
  if (ArrayBuffer.isView(body)) {
    return [new Uint8Array(body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength)), undefined];
  }
  if (!isObject(body) || Array.isArray(body)) fail(`unknown request body type ${goType(body)}`);
  const keys = O.keys(body);
  if (keys.some((k) => body[k] instanceof FileData)) return multipart(body);
  const pairs = [];
  for (const key of keys.sort()) {
    const v = body[key];
    for (const one of Array.isArray(v) ? v : [v]) {
      pairs.push(queryEscape(key) + "=" + queryEscape(nullish(one) ? "" : goValueText(one)));
    }
  }
  return [pairs.join("&"), "application/x-www-form-urlencoded"];
};

const canonical = kept((name) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)
  ? name.toLowerCase().replace(/(^|-)[a-z]/g, (c) => c.toUpperCase()) : name);
// Lists of headers hold names and values in turn.
const setHeader = (list, name, value) => {
  for (let i = 0; i < list.length; i += 2) if (list[i] === name) { list[i + 1] = value; return; }
  list.push(name, value);
};
// Adds a header to a list that is sorted from a place on.
const insertHeader = (list, from, name, value) => {
  let at = list.length;
  list.push(name, value);
  for (; at > from && list[at - 2] > name; at -= 2) { list[at] = list[at - 2]; list[at + 1] = list[at - 1]; }
  list[at] = name;
  list[at + 1] = value;
};

class NamedUrl {
  constructor(url, name) { define(this, "url", url); define(this, marks.template, name); }
  toString() { return this.url; }
}

// What a call asks for. Throws what k6 says about wrong arguments.
const parseCall = (method, target, body, params) => {
  let template;
  if (typeof target !== "string") {
    if (target instanceof NamedUrl) template = target[marks.template];
    else if (nullish(target) || typeof target === "number" || typeof target === "boolean") {
      urlError(`invalid URL: '${nullish(target) ? "<nil>" : "#" + target}'`);
    }
    target = String(target);
  }
  const options = v.httpOptions;
  const call = {
    method: text(method), address: parseUrl(target), template, headers: [], userAgent: options.userAgent ?? n.agent,
    host: undefined, timeout: 60000, throwing: Boolean(options.throw),
    redirects: nullish(options.maxRedirects) ? undefined : Math.trunc(Number(options.maxRedirects)),
    cookies: noOptions, jar: undefined, expected: v.callback, tags: currentTags(),
    responseType: options.discardResponseBodies ? "none" : "text", body: undefined,
  };
  if (typeof body === "string") call.body = body;
  else if (!nullish(body)) {
    const [bytes, type] = bodyOf(body);
    call.body = bytes;
    if (type !== undefined) call.headers.push("Content-Type", type);
  }
  if (!nullish(params)) {
    const keys = O.keys(O(params));
    for (let i = 0; i < keys.length; i++) readParam(call, keys[i], params[keys[i]]);
  }
  return call;
};
const readParam = (call, key, given) => {
  switch (key) {
    case "headers": {
      if (nullish(given)) return;
      const names = O.keys(given);
      for (let i = 0; i < names.length; i++) {
        const name = canonical(names[i]);
        const value = text(given[names[i]]);
        if (name === "Host") call.host = value;
        else if (name === "User-Agent") call.userAgent = value;
        else setHeader(call.headers, name, value);
      }
      return;
    }
    case "tags": call.tags = tagsFrom(given, "invalid HTTP request metric tags", call.tags); return;
    case "cookies":
      if (nullish(given)) return;
      call.cookies = O.create(null);
      for (const name of O.keys(given)) {
        const c = given[name];
        if (nullish(c)) continue;
        if (!isObject(c)) { call.cookies[name] = { value: String(c), replace: false }; continue; }
        const made = call.cookies[name] = { value: "", replace: false };
        for (const a of O.keys(c)) {
          if (a.toLowerCase() === "replace") made.replace = Boolean(c[a]);
          if (a.toLowerCase() === "value") made.value = String(c[a]);
        }
      }
      return;
    case "jar": if (given instanceof CookieJar) call.jar = given; return;
    case "compression":
      for (const name of String(given).split(",").map((s) => s.trim()).filter((s) => s !== "")) {
        if (!["gzip", "deflate", "zstd", "br"].includes(name)) {
          fail(`unknown compression algorithm ${name}, supported algorithms are [gzip deflate zstd br]`);
        }
      }
      return;
    case "redirects": call.redirects = Math.trunc(Number(given)) || 0; return;
    case "auth": return;
    case "timeout":
      try { call.timeout = durationOf(given); } catch (e) { fail(`invalid timeout value: ${e.message}`); }
      return;
    case "throw": call.throwing = Boolean(given); return;
    case "responseType":
      if (!["text", "none", "binary"].includes(String(given))) fail(`${given} does not belong to ResponseType values`);
      call.responseType = String(given);
      return;
    case "responseCallback":
      if (nullish(given)) call.expected = null;
      else if (given instanceof ExpectedStatuses) call.expected = given;
      else fail("unsupported responseCallback");
  }
};

const cookieHeader = (call, u, first) => {
  const jar = call.jar ?? v.jar;
  if (jar === undefined && (!first || call.cookies === noOptions)) return "";
  const replaced = new Set();
  const pairs = [];
  if (first) {
    for (const name of O.keys(call.cookies)) {
      pairs.push(`${name}=${call.cookies[name].value}`);
      if (call.cookies[name].replace) replaced.add(name);
    }
  }
  if (jar !== undefined) {
    for (const c of CookieJar.matching(jar, u)) if (!replaced.has(c.name)) pairs.push(`${c.name}=${c.value}`);
  }
  return pairs.join("; ");
};
// The headers of a hop, in the order in which Go sends them; the natives add the length of the body behind the first two.
const headersOf = (call, u, first, referer) => {
  const list = ["Host", first && call.host !== undefined ? call.host : u.host, "User-Agent", call.userAgent];
  const given = call.headers;
  let own;
  let authorized = false;
  for (let i = 0; i < given.length; i += 2) {
    const name = given[i];
    if (name === "Cookie") { own = given[i + 1]; continue; }
    if (name === "Content-Length") continue;
    if (name === "Authorization") authorized = true;
    insertHeader(list, 4, name, given[i + 1]);
  }
  if (u.user !== "" && !authorized) {
    const [name, ...word] = u.user.split(":");
    insertHeader(list, 4, "Authorization", "Basic " + n.base64(decodeURIComponent(name) + ":" + decodeURIComponent(word.join(":")), "std"));
  }
  const more = cookieHeader(call, u, first);
  const cookies = own === undefined || own === "" ? more : more === "" ? own : own + "; " + more;
  if (cookies !== "") insertHeader(list, 4, "Cookie", cookies);
  if (referer !== undefined) insertHeader(list, 4, "Referer", referer);
  return list;
};

const isRedirect = (status) => status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
// A call under way: one hop after the other, until there is a response.
class Flow {
  constructor(call) {
    this.call = call;
    this.method = call.method;
    this.body = call.body;
    this.u = call.address;
    this.referer = undefined;
    this.since = n.elapsed();
    this.done = 0;
    this.sent = undefined;
    this.response = undefined;
  }
  // What is sent next.
  hop() {
    const { call, u } = this;
    const first = this.done === 0;
    const name = call.tags?.name ?? ((first && call.template) || u.tag);
    this.sent = headersOf(call, u, first, this.referer);
    const { expected } = call;
    return [
      this.method, u.text, call.tags?.url ?? name, name, this.sent, this.body,
      first ? call.timeout : this.since + call.timeout - n.elapsed(), flat(call.tags),
      expected?.[marks.statuses],
    ];
  }
  // As `take`, if the first hop went the quick way.
  takeOver(answer) {
    this.hop();
    this.since = answer[17];
    return this.take(answer);
  }
  // Takes the answer to the last hop. Whether that was the last: then there is a response.
  take(answer) {
    const { call, u } = this;
    const headers = answer[3];
    let location;
    let cookies;
    for (let i = 0; i < headers.length; i += 2) {
      const name = canonical(headers[i]);
      if (name === "Location") location ??= headers[i + 1];
      else if (name === "Set-Cookie") {
        const c = parseCookie(headers[i + 1]);
        if (c) (cookies ??= []).push(c);
      }
    }
    if (cookies !== undefined) CookieJar.receive(call.jar ?? ownJar(), u, cookies);
    if (answer[14] !== undefined) {
      this.response = failedResponse(this, answer);
      return true;
    }
    const follow = location !== undefined && isRedirect(answer[1]);
    const limit = call.redirects === undefined ? 10 : call.redirects;
    if (!follow || this.done >= limit) {
      if (follow && call.redirects === undefined) {
        n.log("warning", `Stopped after ${limit + 1} redirects and returned the redirection; pass { redirects: n } in request params or set global maxRedirects to silence this`,
          [["url", u.text]]);
      }
      this.response = filledResponse(this, answer, cookies);
      return true;
    }
    this.redirect(answer[1], location);
    return false;
  }
  redirect(status, location) {
    const { u } = this;
    this.done++;
    this.referer = u.scheme === "https" && location.startsWith("http:") ? undefined : u.text;
    const next = resolveUrl(u, location);
    if (status <= 303 && this.method !== "GET" && this.method !== "HEAD") {
      this.method = "GET";
      this.body = undefined;
      const headers = [];
      const before = this.call.headers;
      for (let i = 0; i < before.length; i += 2) if (before[i] !== "Content-Type") headers.push(before[i], before[i + 1]);
      this.call = { ...this.call, headers };
    }
    this.u = parseUrl(/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(next) ? next : u.text);
  }
}
