// jslib's httpx: a session with a base address, headers and tags of its own.
(({ http }) => {
  class Httpx {
    constructor(options = {}) {
      this.baseURL = options.baseURL ?? "";
      this.options = { headers: { ...options.headers }, tags: { ...options.tags }, timeout: options.timeout ?? 20000 };
    }
    setBaseUrl(url) { this.baseURL = url; }
    addHeader(name, value) { this.options.headers[name] = value; }
    addHeaders(all) { Object.assign(this.options.headers, all); }
    clearHeader(name) { delete this.options.headers[name]; }
    addTag(name, value) { this.options.tags[name] = value; }
    addTags(all) { Object.assign(this.options.tags, all); }
    clearTag(name) { delete this.options.tags[name]; }
    #params(more = {}) {
      return { ...this.options, ...more, headers: { ...this.options.headers, ...more?.headers }, tags: { ...this.options.tags, ...more?.tags } };
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
  // With `new` or without.
  const make = (method) => function (url, body, params) { return { method, url, body, params }; };
  const bare = (method) => function (url, params) { return { method, url, body: null, params }; };
  return { Httpx, Get: bare("GET"), Head: bare("HEAD"), Options: bare("OPTIONS"), Post: make("POST"), Put: make("PUT"), Patch: make("PATCH"), Delete: make("DELETE") };
})
