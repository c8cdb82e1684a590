// k6/http
const refused = (e, throwing) => {
  if (!(e instanceof GoError) || throwing) throw e;
  warn("Request Failed", e.message);
  return refusal(e);
};
const askAlone = (hop) => {
  if (v.underWay === 0 && v.early.length === 0) return n.request(hop);
  return waitFor(new Set([n.send(hop)]), undefined);
};
const forbidden = "Making http requests in the init context is not supported";
// `answer` is that to the first hop, if the natives have sent it.
const goOn = (method, url, body, params, answer) => {
  notInInit(forbidden);
  let call;
  try { call = parseCall(method, url, body, params); } catch (e) { return refused(e, v.httpOptions.throw && e.code !== 1020); }
  const flow = new Flow(call);
  let over = answer !== undefined && flow.takeOver(answer);
  while (!over) over = flow.take(askAlone(flow.hop()));
  return flow.response;
};
const request = (method, url, body, params) => goOn(method, url, body, params, undefined);
const asyncRequest = (method, url, body, params) => {
  notInInit(forbidden);
  return new Promise((resolve, reject) => {
    let flow;
    try { flow = new Flow(parseCall(method, url, body, params)); } catch (e) { resolve(refused(e, v.httpOptions.throw)); return; }
    const send = () => {
      v.plain = v.clean = false;
      v.underWay++;
      (v.waiting ??= new Map()).set(n.send(flow.hop()), (answer) => {
        try { if (flow.take(answer)) resolve(flow.response); else send(); } catch (e) { reject(e); }
      });
    };
    try { send(); } catch (e) { reject(e); }
  });
};

// The arguments of a call that an entry of a batch stands for.
const batchEntry = (key, entry) => {
  if (Array.isArray(entry)) {
    if (entry.length < 2) fail(`invalid batch request '${goSyntax(entry)}'`);
    if (typeof entry[0] !== "string") fail(`invalid method type '${goSyntax(entry[0])}'`);
    return entry;
  }
  if (isObject(entry) && !(entry instanceof NamedUrl)) {
    if (!("url" in entry)) fail(`batch request ${key} doesn't have a url key`);
    let method = "GET";
    let body = entry.body;
    if ("method" in entry) {
      if (typeof entry.method !== "string") fail(`invalid method type '${goSyntax(entry.method)}'`);
      method = entry.method.toUpperCase();
      if (method === "GET" || method === "HEAD") body = undefined;
    }
    return [method, entry.url, body, entry.params];
  }
  return ["GET", entry, undefined, undefined];
};
// One call of a batch. The natives plan a usual one; the others have a flow.
class BatchCall {
  constructor(at, [method, url, body, params]) {
    this.at = at;
    this.arguments = [method, url, body, params];
    this.planned = v.plain ? n.fast.plan(method, url, body, params) : undefined;
    this.call = this.planned === undefined ? this.parse() : undefined;
    this.flow = undefined;
    this.host = this.planned === undefined ? this.call.address.host : this.planned[1];
  }
  parse() {
    const [method, url, body, params] = this.arguments;
    return parseCall(method, url, body, params);
  }
  // Its number.
  send() {
    if (this.flow === undefined && this.planned !== undefined) return n.sendPlanned(this.planned[0]);
    this.flow ??= new Flow(this.call);
    return n.send(this.flow.hop());
  }
  // Takes the answer to what was sent last; its response, if that is all.
  take(answer) {
    if (answer[18] !== undefined) return answer[18];
    const over = this.flow === undefined ? (this.flow = new Flow(this.parse())).takeOver(answer) : this.flow.take(answer);
    return over ? this.flow.response : undefined;
  }
}
// Sends calls at once, as many as the limits let, and gives their responses in order.
const sendAll = (calls) => {
  const all = nullish(v.httpOptions.batch) ? 20 : Number(v.httpOptions.batch);
  const perHost = nullish(v.httpOptions.batchPerHost) ? 6 : Number(v.httpOptions.batchPerHost);
  const results = new Array(calls.length);
  const onHost = new Map();
  const sent = new Map();
  const left = calls.slice();
  let running = 0;
  let error;
  const take = (one, answer) => {
    try {
      const response = one.take(answer);
      if (response === undefined) { sent.set(one.send(), one); return; }
      results[one.at] = response;
    } catch (e) {
      if (!(e instanceof GoError)) throw e;
      results[one.at] = null;
      error ??= e;
    }
    running--;
    onHost.set(one.host, onHost.get(one.host) - 1);
  };
  for (;;) {
    for (let i = 0; i < left.length && (all <= 0 || running < all);) {
      const one = left[i];
      const busy = onHost.get(one.host) ?? 0;
      if (perHost > 0 && busy >= perHost) { i++; continue; }
      left.splice(i, 1);
      running++;
      onHost.set(one.host, busy + 1);
      sent.set(one.send(), one);
    }
    if (running === 0 && left.length === 0) break;
    const answer = waitFor(sent, undefined);
    const one = sent.get(answer[0]);
    sent.delete(answer[0]);
    take(one, answer);
  }
  if (error) throw error;
  return results;
};
const batch = (...args) => {
  notInInit("Using batch in the init context is not supported");
  if (args.length === 0) fail("no argument was provided to http.batch()");
  if (args.length > 1) fail("http.batch() accepts only an array or an object of requests");
  const given = args[0];
  if (!isObject(given)) fail(`invalid http.batch() argument type ${goType(given)}`);
  const keys = Array.isArray(given) ? [...given.keys()] : O.keys(given);
  const results = Array.isArray(given) ? new Array(given.length).fill(null) : {};
  const calls = [];
  for (const key of keys) {
    try { calls.push(new BatchCall(calls.length, batchEntry(key, given[key]))); } catch (e) {
      if (!(e instanceof GoError) || v.httpOptions.throw) throw e;
      warn("A batch request failed", e.message);
      results[key] = refusal(e);
      return results;
    }
  }
  sendAll(calls).forEach((r, i) => { results[keys[i]] = r; });
  return results;
};

// What the natives of the same names leave to this side.
const superfluous = (method, more) => {
  if (more.length > 0 && v.called) {
    n.log("warning", `http.${method} only accepts a url and a params argument (2 arguments), but ${more.length + 2} were given`);
  }
};
const slow = {
  get: (url, params, ...more) => { superfluous("get", more); return request("GET", url, undefined, params); },
  head: (url, params, ...more) => { superfluous("head", more); return request("HEAD", url, undefined, params); },
  request, goOn,
  json: Response.prototype.json,
  stringify: JSON.stringify,
};
define(JSON, "stringify", n.stringify);
define(Response.prototype, "json", n.fast.json);
modules["k6/http"] = {
  get: n.fast.get, head: n.fast.head, post: n.fast.post, put: n.fast.put, patch: n.fast.patch, del: n.fast.del,
  options: n.fast.options, request: n.fast.request,
  asyncRequest, batch, CookieJar,
  cookieJar: () => {
    notInInit("Using cookie jars in the init context is not supported");
    return ownJar();
  },
  file: (data, filename, contentType) =>
    new FileData(data, filename ?? String(now() * 1e6), contentType ?? "application/octet-stream"),
  url: (parts, ...values) => {
    let url = "";
    let name = "";
    for (let i = 0; i < parts.length; i++) {
      url += parts[i] + (i < values.length ? String(values[i]) : "");
      name += parts[i] + (i < values.length ? "${}" : "");
    }
    return new NamedUrl(url, name);
  },
  setResponseCallback: (...args) => {
    if (args.length === 0 || args[0] === null) v.callback = null;
    else if (args[0] instanceof ExpectedStatuses) v.callback = args[0];
    else fail("unsupported argument, expected http.expectedStatuses");
    tellDefaults();
  },
  expectedStatuses: (...args) => {
    if (args.length === 0) fail("no arguments");
    return new ExpectedStatuses(args.map((a, i) => {
      if (Number.isInteger(a)) return [a, a];
      if (nullish(a) || a.min === undefined || a.max === undefined) {
        fail(`argument number ${i + 1} to expectedStatuses was neither an integer nor an object like {min:100, max:329}`);
      }
      if (!Number.isInteger(a.min) || !Number.isInteger(a.max)) fail(`both min and max need to be integers for argument number ${i + 1}`);
      return [a.min, a.max];
    }));
  },
};
{
  const constants = ["TLS_1_0:tls1.0", "TLS_1_1:tls1.1", "TLS_1_2:tls1.2", "TLS_1_3:tls1.3", "OCSP_STATUS_GOOD:good",
    "OCSP_STATUS_REVOKED:revoked", "OCSP_STATUS_SERVER_FAILED:server_failed", "OCSP_STATUS_UNKNOWN:unknown"];
  for (const c of constants) {
    const [name, value] = c.split(":");
    modules["k6/http"][name] = value;
  }
}
