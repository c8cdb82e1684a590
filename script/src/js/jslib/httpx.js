// jslib's httpx: a session with a base address, headers and tags of its own.
(({ http }) => {
  class Httpx {
    #common;
    constructor(options = {}) {
      this.baseURL = options.baseURL ?? "";
      this.#common = { headers: { ...options.headers }, tags: { ...options.tags }, timeout: options.timeout ?? 20000 };
    }
    setBaseUrl(url) { this.baseURL = url; }
    addHeader(name, value) { this.#common.headers[name] = value; }
    addHeaders(all) { Object.assign(this.#common.headers, all); }
    clearHeader(name) { delete this.#common.headers[name]; }
    addTag(name, value) { this.#common.tags[name] = value; }
    addTags(all) { Object.assign(this.#common.tags, all); }
    clearTag(name) { delete this.#common.tags[name]; }
    #params(more = {}) {
      return { ...this.#common, ...more, headers: { ...this.#common.headers, ...more?.headers }, tags: { ...this.#common.tags, ...more?.tags } };
    }
    request(method, url, body, params) { return http.request(method, this.baseURL + url, body, this.#params(params)); }
    asyncRequest(method, url, body, params) { return http.asyncRequest(method, this.baseURL + url, body, this.#params(params)); }
    get(url, body, params) { return this.request("GET", url, null, params ?? body); }
    post(url, body, params) { return this.request("POST", url, body, params); }
    put(url, body, params) { return this.request("PUT", url, body, params); }
    patch(url, body, params) { return this.request("PATCH", url, body, params); }
    delete(url, body, params) { return this.request("DELETE", url, body, params); }
    del(url, body, params) { return this.delete(url, body, params); }
    options(url, body, params) { return this.request("OPTIONS", url, body, params); }
    head(url, body, params) { return this.request("HEAD", url, null, params ?? body); }
    trace(url, body, params) { return this.request("TRACE", url, body, params); }
    batch(requests, params) {
      return http.batch(requests.map((r) => ({ method: r.method, url: this.baseURL + r.url, body: r.body, params: this.#params({ ...params, ...r.params }) })));
    }
  }
  for (const name of ["Get", "Post", "Put", "Patch", "Delete", "Options", "Head", "Trace"]) {
    Httpx.prototype["async" + name] = function (url, body, params) {
      const bare = name === "Get" || name === "Head";
      return this.asyncRequest(name.toUpperCase(), url, bare ? null : body, bare ? params ?? body : params);
    };
  }
  // With `new` or without.
  const make = (method) => function (url, body, params) { return { method, url, body, params }; };
  const bare = (method) => function (url, params) { return { method, url, body: null, params }; };
  return { Httpx, Get: bare("GET"), Head: bare("HEAD"), Options: bare("OPTIONS"), Post: make("POST"), Put: make("PUT"), Patch: make("PATCH"), Delete: make("DELETE") };
})
