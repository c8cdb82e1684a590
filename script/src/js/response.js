// A response as the script sees it.
// A made-up part of a body: it has every field, counts as 1, and tells what is read of it.
const madeUp = (id, path) => {
  const note = () => { if (path !== "") n.read(id, path); };
  const list = () => [madeUp(id, path + "[]")];
  const get = (_, key) => {
    if (key === Symbol.toPrimitive) return (hint) => { note(); return hint === "string" ? "1" : 1; };
    if (key === Symbol.iterator) return () => list()[Symbol.iterator]();
    if (typeof key === "symbol" || key === "then") return undefined;
    if (key === "toJSON" || key === "valueOf") return () => { note(); return 1; };
    if (key === "toString") return () => { note(); return "1"; };
    if (key === "length") { note(); return 1; }
    if (/^\d+$/.test(key)) return madeUp(id, path + "[]");
    if (typeof [][key] === "function") return (...args) => { const l = list(); return l[key](...args); };
    if (typeof ""[key] === "function") return (...args) => { note(); return "1"[key](...args); };
    const inner = path === "" ? key : path + "." + key;
    n.read(id, inner);
    return madeUp(id, inner);
  };
  return new Proxy({}, { get, has: () => true });
};
// A script that parses such a body itself finds its fields, too.
const isMadeUp = /^\{"made-up":(\d+)\}$/;
const parseJson = JSON.parse;
define(JSON, "parse", { parse(text, reviver) {
  const made = typeof text === "string" && text.length < 40 ? isMadeUp.exec(text) : null;
  return made === null ? parseJson(text, reviver) : madeUp(Number(made[1]), "");
} }.parse);
// Where a response keeps what its body was parsed to.
const inside = Symbol("inside");
class Response {
  constructor(url, status, error, code, body, headers, cookies, answer, request) {
    const known = answer !== undefined;
    this.remote_ip = known ? answer[5] : "";
    this.remote_port = known ? answer[6] : 0;
    this.url = url;
    this.status = status;
    this.status_text = status === 0 ? "" : n.statusText(status);
    this.proto = status === 0 ? "" : "HTTP/1.1";
    this.headers = headers;
    this.cookies = cookies;
    this.body = body;
    this.timings = known ? timingsOf(answer) : timings(0, 0, 0, 0, 0, 0);
    this.tls_version = "";
    this.tls_cipher_suite = "";
    this.ocsp = { produced_at: 0, this_update: 0, next_update: 0, revoked_at: 0, revocation_reason: "", status: "" };
    this.error = error;
    this.error_code = code;
    this.request = request;
    define(this, inside, undefined);
  }
  json(selector) {
    const { body } = this;
    if (body === null) {
      fail("the body is null so we can't transform it to JSON - this likely was because of a request error getting the response");
    }
    const content = typeof body === "string" ? body : n.text(body);
    if (arguments.length > 0) {
      if (nullish(selector)) return undefined;
      return rare("gjson")(content, String(selector));
    }
    // Every call gives another object, but all show the same content.
    const before = this[inside];
    if (before !== undefined) return isObject(before) ? new Proxy(before, {}) : before;
    try { return (this[inside] = JSON.parse(content)); } catch { return rare("gjson").refuse(content); }
  }
  html(selector) {
    const { body } = this;
    if (body === null) fail("the body is null so we can't transform it to HTML - this likely was because of a request error getting the response");
    const page = rare("html").parseHTML(typeof body === "string" ? body : n.text(body));
    return selector === undefined ? page : page.find(selector);
  }
  clickLink(args = {}) {
    const selector = args.selector ?? "a[href]";
    const link = this.html(selector).first();
    if (link.size() === 0) fail(`no element found for selector '${selector}' in response '${this.url}'`);
    const href = link.attr("href");
    if (href === undefined) fail(`no valid href attribute value found on element '${selector}' in response '${this.url}'`);
    return request("GET", resolveUrl(parseUrl(this.url), href), undefined, args.params);
  }
  submitForm(args = {}) {
    const selector = args.formSelector ?? "form";
    const form = this.html(selector).first();
    if (form.size() === 0) fail(`no form found for selector '${selector}' in response '${this.url}'`);
    const method = (form.attr("method") ?? "GET").toUpperCase();
    const url = resolveUrl(parseUrl(this.url), form.attr("action") ?? "");
    const fields = form.serializeObject();
    const button = form.find(args.submitSelector ?? '[type="submit"]').first();
    if (button.size() > 0 && button.attr("name") !== undefined) fields[button.attr("name")] = button.val() ?? "";
    O.assign(fields, args.fields);
    if (method !== "GET") return request(method, url, fields, args.params);
    const query = O.keys(fields).map((k) => queryEscape(k) + "=" + queryEscape(String(fields[k]))).join("&");
    return request("GET", url.replace(/\?.*$/, "") + (query === "" ? "" : "?" + query), undefined, args.params);
  }
}
// One whose body is made up.
class MadeUp extends Response {
  json(selector) {
    const path = nullish(selector) ? "" : String(selector);
    if (path !== "") n.read(this[inside], path);
    return madeUp(this[inside], path);
  }
}
// What Rust makes responses with.
const responses = { prototype: Response.prototype, hidden: inside };
// What forbids new properties must find all fields there.
for (const [object, name] of [[O, "freeze"], [O, "seal"], [O, "preventExtensions"], [Reflect, "preventExtensions"]]) {
  const real = object[name];
  define(object, name, { [name](x) { n.fill(x); return real(x); } }[name]);
}
const timings = (blocked, connecting, tls, sending, waiting, receiving) => ({
  duration: sending + waiting + receiving, blocked, looking_up: 0, connecting, tls_handshaking: tls, sending, waiting, receiving,
});
const timingsOf = (answer) => timings(answer[7], answer[8], answer[9], answer[10], answer[11], answer[12]);
const cookiesOf = (list) => {
  const found = {};
  if (list !== undefined) for (const c of list) (found[c.name] ??= []).push(c);
  return found;
};
// The response to a call that was refused.
const refusal = (e) => new Response("", 0, e.message, e.code ?? 0, "", {}, {}, undefined, { method: "", url: "", headers: {}, body: "", cookies: {} });
const requestOf = (flow) => {
  const { call } = flow;
  const list = flow.done === 0 ? flow.sent : headersOf(call, call.address, true, undefined);
  const headers = {};
  for (let i = 2; i < list.length; i += 2) headers[list[i]] = [list[i + 1]];
  const cookies = {};
  if (call.cookies !== noOptions) {
    for (const name of O.keys(call.cookies)) cookies[name] = [{ name, value: call.cookies[name].value, replace: call.cookies[name].replace }];
  }
  const { body } = call;
  const url = call.address.user === "" ? call.address.tag : call.address.tag.replace("****:****@", "");
  return { method: call.method, url, headers, body: body === undefined ? "" : typeof body === "string" ? body : n.text(body), cookies };
};
// The natives give texts where they can.
const bodyFor = (type, body) => {
  if (type === "none" || body === null) return null;
  if (type === "binary") return typeof body === "string" ? n.bytes(body).buffer : body;
  return typeof body === "string" ? body : n.text(body);
};
const headersIn = (answer) => {
  const list = answer[3];
  const headers = {};
  for (let i = 0; i < list.length; i += 2) {
    const key = canonical(list[i]);
    headers[key] = key in headers ? headers[key] + ", " + list[i + 1] : list[i + 1];
  }
  return headers;
};
const filledResponse = (flow, answer, cookies) => {
  const status = answer[1];
  const r = new (answer[2] ? MadeUp : Response)(flow.u.text, status, "", status >= 400 ? 1000 + status : 0,
    bodyFor(flow.call.responseType, answer[4]), headersIn(answer), cookiesOf(cookies), answer, requestOf(flow));
  if (answer[2]) r[inside] = answer[0];
  return r;
};
// The response of a request that failed: logged, or thrown if the script wants that.
const failedResponse = (flow, answer) => {
  const { call, method, u } = flow;
  const message = answer[14];
  const detail = answer[15] ?? message;
  const word = method[0] + method.slice(1).toLowerCase();
  const why = answer[16] ? detail : `${word} ${JSON.stringify(u.tag)}: ${detail}`;
  if (call.throwing) throw new GoError(why);
  warn("Request Failed", why);
  return new Response(u.text, 0, message, answer[13], bodyFor(call.responseType, answer[4]), headersIn(answer), cookiesOf(undefined), answer,
    requestOf(flow));
};
