// A call of k6/http: from its arguments to the hops that are sent.
class ExpectedStatuses {
  constructor(ranges) { define(this, "ranges", ranges); }
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

const tagsFrom = (given, what, into) => {
  if (nullish(given)) return into;
  if (!isObject(given)) fail(`${what}: tags must be specified as an object`);
  for (const key of O.keys(given)) {
    const v = given[key];
    if (isObject(v) || typeof v === "function") {
      fail(`${what}: invalid value for metric tag '${key}': only String, Boolean and Number types are accepted as a metric tag values`);
    }
    if (!nullish(v)) into[key] = String(v);
  }
  return into;
};
const currentTags = () => O.assign({}, v.scenarioTags, v.tags);

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

const canonical = (name) => /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name)
  ? name.toLowerCase().replace(/(^|-)[a-z]/g, (c) => c.toUpperCase()) : name;

class NamedUrl {
  constructor(url, name) { define(this, "url", url); define(this, "tag", name); }
  toString() { return this.url; }
}

// What a call asks for. Throws what k6 says about wrong arguments.
const parseCall = (method, target, body, params) => {
  if (!(target instanceof NamedUrl) && typeof target !== "string") {
    if (nullish(target) || typeof target === "number" || typeof target === "boolean") {
      urlError(`invalid URL: '${nullish(target) ? "<nil>" : "#" + target}'`.replace("'<nil>'", "'<nil>'"));
    }
    target = String(target);
  }
  const address = parseUrl(String(target));
  const call = {
    method: String(method), address, template: target instanceof NamedUrl ? target.tag : undefined,
    headers: new Map(), host: undefined, timeout: 60000, throwing: Boolean(v.httpOptions.throw),
    redirects: nullish(v.httpOptions.maxRedirects) ? undefined : Math.trunc(Number(v.httpOptions.maxRedirects)),
    cookies: O.create(null), jar: v.jar, expected: v.callback, tags: currentTags(),
    responseType: v.httpOptions.discardResponseBodies ? "none" : "text", auth: "",
  };
  const [bytes, type] = bodyOf(body);
  call.body = bytes;
  if (type !== undefined) call.headers.set("Content-Type", type);
  call.headers.set("User-Agent", v.httpOptions.userAgent ?? "Grafana k6/2.2.0");
  if (!nullish(params)) for (const key of O.keys(O(params))) readParam(call, key, params[key]);
  return call;
};
const readParam = (call, key, given) => {
  switch (key) {
    case "cookies":
      if (nullish(given)) return;
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
    case "headers":
      if (nullish(given)) return;
      for (const name of O.keys(given)) {
        if (name.toLowerCase() === "host") call.host = String(given[name]);
        call.headers.set(canonical(name), String(given[name]));
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
    case "tags": tagsFrom(given, "invalid HTTP request metric tags", call.tags); return;
    case "auth": call.auth = String(given); return;
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
  const replaced = new Set();
  const pairs = [];
  if (first) {
    for (const name of O.keys(call.cookies)) {
      pairs.push(`${name}=${call.cookies[name].value}`);
      if (call.cookies[name].replace) replaced.add(name);
    }
  }
  if (call.jar) {
    for (const c of CookieJar.matching(call.jar, u)) if (!replaced.has(c.name)) pairs.push(`${c.name}=${c.value}`);
  }
  return pairs.join("; ");
};
// The headers of a hop, in the order in which Go sends them.
const headersOf = (call, u, body, first, referer) => {
  const list = [["Host", first && call.host !== undefined ? call.host : u.host]];
  list.push(["User-Agent", call.headers.get("User-Agent")]);
  const length = body === undefined ? 0 : typeof body === "string" ? n.bytes(body).length : body.byteLength;
  if (length > 0 || !["GET", "HEAD", "OPTIONS", "DELETE"].includes(call.method)) list.push(["Content-Length", String(length)]);
  const rest = [];
  for (const [name, value] of call.headers) {
    if (name !== "User-Agent" && name !== "Host" && name !== "Cookie" && name !== "Content-Length") rest.push([name, value]);
  }
  if (u.user !== "" && !call.headers.has("Authorization")) {
    const [name, ...word] = u.user.split(":");
    rest.push(["Authorization", "Basic " + n.base64(decodeURIComponent(name) + ":" + decodeURIComponent(word.join(":")), "std")]);
  }
  const own = call.headers.get("Cookie");
  const cookies = [own, cookieHeader(call, u, first)].filter((c) => c !== undefined && c !== "").join("; ");
  if (cookies !== "") rest.push(["Cookie", cookies]);
  if (referer !== undefined) rest.push(["Referer", referer]);
  rest.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  return list.concat(rest);
};

// Yields the hops of a call, is resumed with their answers, and returns the response.
function* hops(call) {
  let { method, body } = call;
  let u = call.address;
  let referer;
  const ends = n.elapsed() + call.timeout;
  const limit = call.redirects === undefined ? 10 : call.redirects;
  for (let done = 0; ; done++) {
    const first = done === 0;
    const urlTag = (first && call.template) || tagText(u);
    const left = first ? call.timeout : ends - n.elapsed();
    const answer = yield {
      method, body, timeout: left, url: urlText(u), urlTag: call.tags.url ?? call.tags.name ?? urlTag,
      name: call.tags.name ?? urlTag, headers: headersOf({ ...call, method }, u, body, first, referer),
      tags: call.tags, expected: call.expected === null ? undefined : call.expected.ranges,
    };
    const cookies = [];
    for (const [name, value] of answer.headers) {
      if (name.toLowerCase() === "set-cookie") { const c = parseCookie(value); if (c) cookies.push(c); }
    }
    if (call.jar) CookieJar.receive(call.jar, u, cookies);
    if (answer.error !== undefined) {
      return failedResponse(call, method, u, body, answer.code, answer.error, answer, answer.inBody);
    }
    const location = answer.headers.find(([name]) => name.toLowerCase() === "location")?.[1];
    const follow = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined;
    if (!follow || done >= limit) {
      if (follow && call.redirects === undefined) {
        n.log("warning", `Stopped after ${limit + 1} redirects and returned the redirection; pass { redirects: n } in request params or set global maxRedirects to silence this`,
          [["url", urlText(u)]]);
      }
      return wholeResponse(call, method, u, body, answer, cookies);
    }
    referer = u.scheme === "https" && location.startsWith("http:") ? undefined : urlText(u);
    const next = resolveUrl(u, location);
    const parsed = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(next) ? parseUrl(next) : parseUrl(urlText(u));
    if ([301, 302, 303].includes(answer.status) && method !== "GET" && method !== "HEAD") {
      method = "GET";
      body = undefined;
      call = { ...call, headers: new Map([...call.headers].filter(([k]) => k !== "Content-Type")) };
    }
    u = parsed;
  }
}
