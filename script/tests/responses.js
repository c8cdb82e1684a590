import http from 'k6/http';
import { check } from 'k6';
const B = 'http://127.0.0.1:8080';
const show = (...x) => console.log(...x);
export default function () {
  const r = http.get(`${B}/delay/1`, { headers: { 'x-a': 1, 'X-B': 'b', 'content-type': 'text/plain' }, tags: { name: 'n', k: 2 }, timeout: 5000 });
  show(Object.keys(r).join(), Object.entries(r).length, Object.getOwnPropertyNames(r).join());
  show(JSON.stringify(r));
  show(JSON.stringify({ ...r }), JSON.stringify(Object.assign({}, r)));
  show(r);
  show(typeof r.headers, r.headers === r.headers, r.timings === r.timings, r.request === r.request);
  show('timings' in r, r.hasOwnProperty('timings'), Object.prototype.toString.call(r), r instanceof Object);
  r.timings = 5;
  r.headers.more = 1;
  delete r.ocsp;
  r.own = 2;
  show(Object.keys(r).join(), r.timings, JSON.stringify(r.headers), r.ocsp, r.own);
  for (const key in r) if (key.startsWith('s')) show(key, r[key]);
  const s = http.post(`${B}/delay/2?a=b c`, 'text', { headers: {}, tags: {} });
  show(s.request.method, s.request.body, JSON.stringify(s.request.headers), s.url, s.request.url);
  const t = Object.create(s);
  show(t.status, t.timings.duration > 0, t.error_code, t.error === '');
  const p = new Proxy(http.get(`${B}/delay/1`), {});
  show(p.timings.waiting > 0, Object.keys(p).join(), JSON.stringify(p.json !== undefined));
  const u = http.request('GET', `${B}/status/404`);
  show(u.status, u.status_text, u.error_code, u.body, u.proto, u.remote_ip, u.remote_port);
  try { show(JSON.stringify(u.json())); } catch (e) { show(String(e)); }
  const w = http.get(`${B}/delay/1`);
  show(JSON.stringify(Object.getOwnPropertyDescriptor(w, 'status')), Object.getOwnPropertyDescriptor(w, 'none'));
  show(typeof Object.getOwnPropertyDescriptor(w, 'headers').value, w.none, 'none' in w, delete w.none);
  Object.defineProperty(w, 'status', { value: 7, enumerable: false });
  show(Object.keys(w).join(), w.status, JSON.stringify(Object.getOwnPropertyDescriptor(w, 'status')), delete w.status, 'status' in w);
  Object.defineProperty(w, 'more', { get: () => 8, configurable: true });
  show(w.more, Object.getOwnPropertyNames(w).join());
  const f = Object.freeze(http.get(`${B}/delay/1`));
  show(Object.isFrozen(f), Object.keys(f).join(), f.status, f.timings === f.timings);
  try { f.status = 1; } catch (e) { show(String(e)); }
  try { f.other = 1; } catch (e) { show(String(e)); }
  const q = Object.seal(http.get(`${B}/delay/1`));
  q.status = 3;
  show(Object.isSealed(q), q.status, Reflect.preventExtensions(q), Object.preventExtensions(q) === q);
  const z = http.get(`${B}/delay/1`);
  z.headers.response = z;
  z.self = z;
  show(Object.assign(z, { body: '{"a":[1,{"b-c":2}],"n":null}' }).json().a[0], Object.keys(z).join());
  show(z.json('a.0'), z.json('a.1.b-c'), z.json('n'), z.json('n.x'), z.json('x'), z.json('a.length'), JSON.stringify(z.json('a')));
  const { status, timings: { waiting }, ...rest } = http.get(`${B}/delay/1`);
  show(status, waiting > 0, Object.keys(rest).join(), Object.values(rest).length);
  show(Reflect.ownKeys(http.get(`${B}/delay/1`)).map(String).join(), http.get(`${B}/delay/1`).__proto__ === Object.getPrototypeOf(z));
  let reads = 0;
  http.get(`${B}/delay/1`, { get headers() { reads += 1; return {}; } });
  show(reads);
  for (const tags of [{ a: {} }, { a: null, b: true }, 'x', []]) {
    try { show(http.get(`${B}/delay/1`, { tags }).status); } catch (e) { show(String(e)); }
  }
  for (const headers of [{ 'User-Agent': 'me' }, { Host: 'h' }, { Cookie: 'a=b' }, { a: null }, null]) {
    show(JSON.stringify(http.get(`${B}/delay/1`, { headers }).request.headers));
  }
  for (const params of [[], () => 1, new Proxy({ timeout: 1000 }, {}), { timeout: '2s' }, { redirects: 0 }, { other: 1 }, 7]) {
    show(http.get(`${B}/delay/1`, params).status);
  }
  show(check(r, { a: (x) => x.status, b: 0, c: 'x', d: (x) => x.none, [1]: true }), check(r, { 'e': () => [] }, { t: 1 }));
  try { check(r, { f: () => { throw new Error('no'); } }); } catch (e) { show(String(e)); }
  try { check(r, { g: async () => 1 }); } catch (e) { show(String(e).slice(0, 40)); }
  try { check(r, { 'a::b': true }); } catch (e) { show(String(e)); }
}
