// A response as the script sees it.
const parsed = new WeakMap();
const made = new WeakMap();
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
class Response {
  json(selector) {
    const recorded = made.get(this);
    if (recorded !== undefined) {
      const path = nullish(selector) ? "" : String(selector);
      if (path !== "") n.read(recorded, path);
      return madeUp(recorded, path);
    }
    if (this.body === null) {
      fail("the body is null so we can't transform it to JSON - this likely was because of a request error getting the response");
    }
    const text = typeof this.body === "string" ? this.body : n.text(this.body);
    if (arguments.length > 0) {
      if (nullish(selector)) return undefined;
      return rare("gjson")(text, String(selector));
    }
    // Every call gives another object, but all show the same content.
    const before = parsed.get(this);
    if (before !== undefined) return isObject(before) ? new Proxy(before, {}) : before;
    let value;
    try { value = JSON.parse(text); } catch { return rare("gjson").refuse(text); }
    parsed.set(this, value);
    return value;
  }
  html() { fail("response.html() is not there yet; read the body as text"); }
  clickLink() { fail("response.clickLink() is not there yet; request the address itself"); }
  submitForm() { fail("response.submitForm() is not there yet; post the fields yourself"); }
}
const noTimings = { duration: 0, blocked: 0, looking_up: 0, connecting: 0, tls_handshaking: 0, sending: 0, waiting: 0, receiving: 0 };
const timingsOf = (answer) => {
  if (!answer) return { ...noTimings };
  const [blocked, connecting, tls, sending, waiting, receiving] = answer.timings;
  return { duration: sending + waiting + receiving, blocked, looking_up: 0, connecting, tls_handshaking: tls, sending, waiting, receiving };
};
const cookiesOf = (list) => {
  const found = {};
  for (const c of list) (found[c.name] ??= []).push(c);
  return found;
};
const emptyResponse = () => O.assign(new Response(), {
  remote_ip: "", remote_port: 0, url: "", status: 0, status_text: "", proto: "", headers: {}, cookies: {},
  body: "", timings: { ...noTimings }, tls_version: "", tls_cipher_suite: "",
  ocsp: { produced_at: 0, this_update: 0, next_update: 0, revoked_at: 0, revocation_reason: "", status: "" },
  error: "", error_code: 0, request: { method: "", url: "", headers: {}, body: "", cookies: {} },
});
const requestOf = (call, u, method) => {
  const headers = {};
  for (const [name, value] of headersOf(call, call.address, call.body, true)) {
    if (name !== "Host" && name !== "Content-Length") headers[name] = [value];
  }
  const cookies = {};
  for (const name of O.keys(call.cookies)) cookies[name] = [{ name, value: call.cookies[name].value, replace: call.cookies[name].replace }];
  const body = call.body === undefined ? "" : typeof call.body === "string" ? call.body : n.text(call.body);
  return { method: call.method, url: tagText(call.address).replace("****:****@", ""), headers, body, cookies };
};
const reasons = {
  200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently", 302: "Found",
  303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
  401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict",
  410: "Gone", 412: "Precondition Failed", 413: "Request Entity Too Large", 415: "Unsupported Media Type", 418: "I'm a teapot",
  422: "Unprocessable Entity", 423: "Locked", 425: "Too Early", 429: "Too Many Requests", 500: "Internal Server Error",
  501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
};
const bodyFor = (call, answer) => {
  if (call.responseType === "none" || answer.body === null) return null;
  return call.responseType === "binary" ? answer.body : n.text(answer.body);
};
const filledResponse = (call, method, u, answer, cookies) => {
  const r = emptyResponse();
  r.remote_ip = answer.ip;
  r.remote_port = answer.port;
  r.url = urlText(u);
  r.status = answer.status;
  r.status_text = answer.status === 0 ? "" : `${answer.status} ${reasons[answer.status] ?? ""}`.trim();
  r.proto = answer.status === 0 ? "" : "HTTP/1.1";
  for (const [name, value] of answer.headers) {
    const key = canonical(name);
    r.headers[key] = key in r.headers ? r.headers[key] + ", " + value : value;
  }
  r.cookies = cookiesOf(cookies);
  r.body = bodyFor(call, answer);
  r.timings = timingsOf(answer);
  if (answer.madeUp) made.set(r, answer.id);
  r.request = requestOf(call, u, method);
  if (answer.status >= 400) r.error_code = 1000 + answer.status;
  return r;
};
const wholeResponse = (call, method, u, body, answer, cookies) => filledResponse(call, method, u, answer, cookies);
// The response of a request that failed: logged, or thrown if the script wants that.
const failedResponse = (call, method, u, body, code, message, answer, inBody) => {
  const detail = answer?.detail ?? message;
  const word = method[0] + method.slice(1).toLowerCase();
  const text = inBody ? detail : `${word} ${JSON.stringify(tagText(u))}: ${detail}`;
  if (call.throwing) { const e = new GoError(text); throw e; }
  warn("Request Failed", text);
  const r = filledResponse(call, method, u, answer ?? { ip: "", port: 0, status: 0, headers: [], body: null, timings: [0, 0, 0, 0, 0, 0] }, []);
  r.status = 0;
  r.status_text = "";
  r.proto = "";
  r.error = message;
  r.error_code = code;
  return r;
};
