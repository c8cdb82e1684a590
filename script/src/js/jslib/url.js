// jslib's url: URL and URLSearchParams, which k6 itself does not have.
(() => {
  const encode = (text) => encodeURIComponent(text).replace(/[!'()~]/g, (c) => "%" + c.charCodeAt(0).toString(16).toUpperCase()).replace(/%20/g, "+");
  const decode = (text) => { const plain = text.replace(/\+/g, " "); try { return decodeURIComponent(plain); } catch { return plain; } };
  class URLSearchParams {
    #list = [];
    #changed;
    constructor(init = "", changed = undefined) {
      this.#changed = changed;
      if (typeof init === "object" && init !== null) {
        const pairs = typeof init[Symbol.iterator] === "function" ? [...init] : Object.entries(init);
        for (const [name, value] of pairs) this.#list.push([String(name), String(value)]);
      } else {
        for (const part of String(init).replace(/^\?/, "").split("&")) {
          if (part === "") continue;
          const at = part.indexOf("=");
          this.#list.push(at < 0 ? [decode(part), ""] : [decode(part.slice(0, at)), decode(part.slice(at + 1))]);
        }
      }
    }
    #done() { this.#changed?.(this.toString()); }
    append(name, value) { this.#list.push([String(name), String(value)]); this.#done(); }
    delete(name) { this.#list = this.#list.filter(([n]) => n !== String(name)); this.#done(); }
    get(name) { return this.#list.find(([n]) => n === String(name))?.[1] ?? null; }
    getAll(name) { return this.#list.filter(([n]) => n === String(name)).map(([, v]) => v); }
    has(name) { return this.#list.some(([n]) => n === String(name)); }
    set(name, value) {
      const first = this.#list.find(([n]) => n === String(name));
      if (first === undefined) this.#list.push([String(name), String(value)]);
      else { first[1] = String(value); this.#list = this.#list.filter((p) => p === first || p[0] !== first[0]); }
      this.#done();
    }
    sort() { this.#list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); this.#done(); }
    forEach(callback, self) { for (const [name, value] of this.#list) callback.call(self, value, name, this); }
    keys() { return this.#list.map(([n]) => n)[Symbol.iterator](); }
    values() { return this.#list.map(([, v]) => v)[Symbol.iterator](); }
    entries() { return this.#list.map((p) => [...p])[Symbol.iterator](); }
    [Symbol.iterator]() { return this.entries(); }
    get size() { return this.#list.length; }
    toString() { return this.#list.map(([n, v]) => encode(n) + "=" + encode(v)).join("&"); }
  }
  const PORTS = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21" };
  const invalid = (text) => { throw new TypeError(`Invalid URL: ${text}`); };
  const plainPath = (path) => {
    const kept = [];
    for (const part of path.split("/")) {
      if (part === "..") { if (kept.length > 1) kept.pop(); } else if (part !== ".") kept.push(part);
    }
    if (/\/\.{1,2}$/.test(path)) kept.push("");
    return kept.join("/") || "/";
  };
  class URL {
    #p;
    #params;
    constructor(text, base) {
      text = String(text).trim();
      let m = /^([a-zA-Z][a-zA-Z0-9+.-]*:)\/\/(?:([^/?#@]*)@)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text);
      if (!m) {
        if (base === undefined) invalid(text);
        const from = new URL(base);
        let whole;
        if (text.startsWith("//")) whole = from.protocol + text;
        else if (text.startsWith("/")) whole = from.origin + text;
        else if (text.startsWith("?")) whole = from.origin + from.pathname + text;
        else if (text.startsWith("#")) whole = from.origin + from.pathname + from.search + text;
        else whole = from.origin + from.pathname.replace(/[^/]*$/, "") + text;
        m = /^([a-zA-Z][a-zA-Z0-9+.-]*:)\/\/(?:([^/?#@]*)@)?([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(whole) ?? invalid(text);
      }
      if (m[3] === "") invalid(text);
      const protocol = m[1].toLowerCase();
      const [, hostname, port = ""] = /^(.*?)(?::(\d*))?$/.exec(m[3]);
      const [username = "", password = ""] = (m[2] ?? "").split(":");
      const path = encodeURI(m[4].replace(/%25/g, "%").replace(/%/g, "%25")).replace(/%25/g, "%");
      this.#p = { protocol, hostname: hostname.toLowerCase(), port: port === PORTS[protocol] ? "" : port, username, password,
        pathname: plainPath(path === "" ? "/" : path), search: m[5] === "?" ? "" : (m[5] ?? "").replace(/ /g, "%20"), hash: m[6] === "#" ? "" : m[6] ?? "" };
    }
    get protocol() { return this.#p.protocol; }
    set protocol(x) { this.#p.protocol = String(x).replace(/:?$/, ":"); }
    get hostname() { return this.#p.hostname; }
    set hostname(x) { this.#p.hostname = String(x); }
    get port() { return this.#p.port; }
    set port(x) { this.#p.port = String(x); }
    get host() { return this.#p.hostname + (this.#p.port === "" ? "" : ":" + this.#p.port); }
    set host(x) { [this.#p.hostname, this.#p.port = ""] = String(x).split(":"); }
    get origin() { return `${this.#p.protocol}//${this.host}`; }
    get username() { return this.#p.username; }
    set username(x) { this.#p.username = String(x); }
    get password() { return this.#p.password; }
    set password(x) { this.#p.password = String(x); }
    get pathname() { return this.#p.pathname; }
    set pathname(x) { this.#p.pathname = plainPath(String(x).replace(/^(?!\/)/, "/")); }
    get search() { return this.#p.search; }
    set search(x) { this.#p.search = String(x) === "" ? "" : String(x).replace(/^\??/, "?"); this.#params = undefined; }
    get hash() { return this.#p.hash; }
    set hash(x) { this.#p.hash = String(x) === "" ? "" : String(x).replace(/^#?/, "#"); }
    get searchParams() {
      return (this.#params ??= new URLSearchParams(this.#p.search, (text) => { this.#p.search = text === "" ? "" : "?" + text; }));
    }
    get href() {
      const { protocol, username, password, pathname, search, hash } = this.#p;
      const who = username === "" ? "" : username + (password === "" ? "" : ":" + password) + "@";
      return `${protocol}//${who}${this.host}${pathname}${search}${hash}`;
    }
    toString() { return this.href; }
    toJSON() { return this.href; }
  }
  return { URL, URLSearchParams };
})
