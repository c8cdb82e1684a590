// Addresses and cookies.
class UrlError extends GoError {}
const urlError = (text) => { const e = new UrlError(text); e.code = 1020; throw e; };

// The parts of an absolute address; throws k6's error if it is none. `text` is what is sent of it, `tag` what is shown.
const parseUrl = kept((text) => {
  const refuse = (why) => urlError(`invalid URL: parse ${JSON.stringify(text)}: ${why}`);
  if (/[\u0000-\u001f\u007f]/.test(text)) refuse("net/url: invalid control character in URL");
  const m = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text);
  if (!m) return urlError(`invalid URL: '${text}'`);
  const [, scheme, authority, path, query = "", fragment = ""] = m;
  const at = authority.lastIndexOf("@");
  const host = authority.slice(at + 1);
  if (host.startsWith("[") && !host.includes("]")) refuse("missing ']' in host");
  const port = /:([^:\]]*)$/.exec(host);
  if (port && !/^\d*$/.test(port[1])) refuse(`invalid port ${JSON.stringify(":" + port[1])} after host`);
  const bad = /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(path);
  if (bad) refuse(`invalid URL escape ${JSON.stringify(bad[0])}`);
  const user = at < 0 ? "" : authority.slice(0, at);
  const sent = `${host}${path}${query}`;
  const lower = scheme.toLowerCase();
  return {
    scheme: lower, user, host, path, query, fragment,
    text: `${lower}://${sent}`, tag: `${lower}://${user === "" ? "" : "****:****@"}${sent}${fragment}`,
  };
});
const hostName = (host) => host.replace(/:\d*$/, "").toLowerCase();

// An address that a Location header gives, seen from another.
const resolveUrl = (base, location) => {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(location)) return location;
  if (location.startsWith("//")) return base.scheme + ":" + location;
  const origin = `${base.scheme}://${base.host}`;
  if (location.startsWith("?")) return origin + base.path + location;
  if (location.startsWith("/")) return origin + location;
  const cut = /^([^?#]*)([\s\S]*)$/.exec(location);
  const parts = (base.path.slice(0, base.path.lastIndexOf("/") + 1) || "/").concat(cut[1]).split("/");
  const kept = [];
  for (const part of parts) {
    if (part === "..") { if (kept.length > 1) kept.pop(); } else if (part !== ".") kept.push(part);
  }
  return origin + kept.join("/") + cut[2];
};

const httpDate = (text) => {
  const ms = Date.parse(text);
  return isNaN(ms) ? undefined : ms;
};
// What a Set-Cookie header says.
const parseCookie = (line) => {
  const [pair, ...attributes] = line.split(";");
  const eq = pair.indexOf("=");
  if (eq <= 0) return undefined;
  const cookie = {
    name: pair.slice(0, eq).trim(), value: pair.slice(eq + 1).trim().replace(/^"(.*)"$/, "$1"),
    domain: "", path: "", http_only: false, secure: false, max_age: 0, expires: -6795364578871,
  };
  for (const attribute of attributes) {
    const [key, ...rest] = attribute.split("=");
    const value = rest.join("=").trim();
    switch (key.trim().toLowerCase()) {
      case "domain": cookie.domain = value; break;
      case "path": cookie.path = value; break;
      case "httponly": cookie.http_only = true; break;
      case "secure": cookie.secure = true; break;
      case "max-age": {
        const seconds = Number(value);
        if (Number.isInteger(seconds)) cookie.max_age = seconds <= 0 ? -1 : seconds;
        break;
      }
      case "expires": {
        const at = httpDate(value);
        if (at !== undefined) cookie.expires = at;
        break;
      }
    }
  }
  return cookie;
};

// The jar of the running iteration.
const ownJar = () => {
  v.plain = v.clean = false;
  return (v.jar ??= new CookieJar());
};
class CookieJar {
  #kept = [];
  #take(u, cookie, own) {
    const host = hostName(u.host);
    let domain = cookie.domain.replace(/^\./, "").toLowerCase();
    const exact = domain === "" || domain === host;
    if (domain === "" || exact) domain = host;
    else if (!host.endsWith("." + domain) || !domain.includes(".")) return;
    let path = cookie.path;
    if (!path.startsWith("/")) {
      const cut = u.path.lastIndexOf("/");
      path = cut <= 0 ? "/" : u.path.slice(0, cut);
    }
    const same = (c) => c.name === cookie.name && c.domain === domain && c.path === path;
    const hostOnly = cookie.domain === "" || /^[\d.]+$/.test(host);
    let ends = Infinity;
    if (cookie.max_age > 0) ends = now() + cookie.max_age * 1000;
    else if (cookie.max_age < 0) ends = -Infinity;
    else if (cookie.expires !== -6795364578871) ends = cookie.expires;
    const at = this.#kept.findIndex(same);
    if (ends <= now()) { if (at >= 0) this.#kept.splice(at, 1); return; }
    const made = { name: cookie.name, value: cookie.value, domain, path, secure: cookie.secure, hostOnly, ends };
    if (at >= 0) this.#kept[at] = made; else this.#kept.push(made);
  }
  // For the other parts: what an answer sets, and what a request to an address carries.
  static receive(jar, u, cookies) { for (const c of cookies) jar.#take(u, c); }
  static matching(jar, u) {
    const host = hostName(u.host);
    const path = u.path || "/";
    const fits = (c) =>
      c.ends > now() &&
      (c.domain === host || (!c.hostOnly && host.endsWith("." + c.domain))) &&
      (!c.secure || u.scheme === "https") &&
      (path === c.path || (path.startsWith(c.path) && (c.path.endsWith("/") || path[c.path.length] === "/")));
    // Longer paths first, then the older ones.
    return jar.#kept.filter(fits).map((c, i) => [c, i])
      .sort((a, b) => b[0].path.length - a[0].path.length || a[1] - b[1]).map((x) => x[0]);
  }
  cookiesForURL(url) {
    const found = {};
    for (const c of CookieJar.matching(this, parseUrl(String(url)))) (found[c.name] ??= []).push(c.value);
    return found;
  }
  set(url, name, value, options) {
    const u = parseUrl(String(url));
    const cookie = { name: String(name), value: String(value), domain: "", path: "", secure: false, max_age: 0, expires: -6795364578871 };
    if (isObject(options)) {
      for (const key of O.keys(options)) {
        const v = options[key];
        switch (key.toLowerCase()) {
          case "path": cookie.path = String(v); break;
          case "domain": cookie.domain = String(v); break;
          case "secure": cookie.secure = Boolean(v); break;
          case "max_age": cookie.max_age = Number(v) || 0; break;
          case "expires": {
            const at = httpDate(String(v));
            if (at === undefined) fail(`unable to parse "expires" date string "${v}"`);
            cookie.expires = at;
            break;
          }
        }
      }
    }
    this.#take(u, cookie);
    return true;
  }
  delete(url, name) {
    const u = parseUrl(String(url));
    const gone = new Set(CookieJar.matching(this, u).filter((c) => c.name === String(name)));
    this.#kept = this.#kept.filter((c) => !gone.has(c));
  }
  clear(url) {
    const gone = new Set(CookieJar.matching(this, parseUrl(String(url))));
    this.#kept = this.#kept.filter((c) => !gone.has(c));
  }
}
