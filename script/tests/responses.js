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
