import http from 'k6/http';
import { check, group, sleep } from 'k6';
import exec from 'k6/execution';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
const B = 'http://127.0.0.1:8080';
const OWN = http.expectedStatuses(404, { min: 200, max: 299 });
const [tt, cc, rr, gg] = [new Trend('tt', true), new Counter('cc'), new Rate('rr'), new Gauge('gg')];
const show = (...x) => console.log(...x);
const told = (r) => show(r.status, r.url, r.error, r.error_code, r.body, JSON.stringify(r.request));
export default function () {
  show(__ENV.A, exec.vu.idInTest, exec.scenario.name, exec.scenario.iterationInTest, exec.vu.iterationInScenario);
  // Forms, and bodies of other kinds.
  for (const body of [{ b: 'x y&z', a: 1, 'c*': '\u00e9~', d: true }, {}, { a: [1, 2] }, { a: null }, { a: { b: 1 } }, 'x=1', '', new Uint8Array([65]).buffer]) {
    told(http.post(`${B}/echo`, body));
    told(http.post(`${B}/echo`, body, { headers: { 'content-type': 'text/plain' } }));
  }
  for (const body of [7, true, [1], () => 1]) {
    try { told(http.post(`${B}/echo`, body)); } catch (e) { show(String(e)); }
  }
  // Parameters.
  const all = [{ timeout: '1.5s' }, { timeout: '250ms' }, { timeout: '1m30s' }, { timeout: '2' }, { timeout: 'soon' }, { timeout: true }, { redirects: 0 },
    { redirects: '1' }, { redirects: null }, { auth: 'basic' }, { responseType: 'none' }, { responseType: 'binary' }, { responseType: 'other' },
    { responseCallback: OWN }, { responseCallback: null }, { responseCallback: 5 }, { responseCallback: {} }, { cookies: { a: 'b' } }, { throw: true },
    { throw: 'yes' }, { tags: null }, { tags: { name: 'own', url: 'u', a: true, b: 1.5 } }, { headers: { 'User-Agent': 'x', Host: 'h', 'Content-Length': '3' } }];
  for (const params of all) {
    for (const path of ['/delay/5', '/status/404', '/redirect/1']) {
      try { const r = http.get(B + path, params); told(r); show(r.json === undefined, typeof r.body); } catch (e) { show(String(e)); }
    }
  }
  try { show(http.get(`${B}/delay/1`, { responseType: 'none' }).json()); } catch (e) { show(String(e)); }
  // Addresses.
  told(http.get(http.url`${B}/delay/${1}?a=${'b'}`));
  told(http.get(http.url`${B}/status/404`, { tags: { k: 'v' } }));
  told(http.get({ toString: () => `${B}/delay/1` }));
  told(http.request('PUT', `${B}/echo`, { a: 'b' }, { tags: { name: 'put' } }));
  // Tags and response callbacks of the VU.
  exec.vu.metrics.tags.vt = `v${__ITER % 2}`;
  exec.vu.tags.name = 'of the VU';
  told(http.get(`${B}/status/404`));
  told(http.get(`${B}/status/404`, { tags: { vt: 'call' } }));
  check(1, { one: (x) => x === 1, two: false }, { t: 'c' });
  delete exec.vu.tags.name;
  told(http.get(http.url`${B}/status/${404}`));
  http.setResponseCallback(OWN);
  told(http.get(`${B}/status/404`));
  told(http.get(`${B}/status/404`, { responseCallback: http.expectedStatuses({ min: 500, max: 70000 }) }));
  http.setResponseCallback(null);
  told(http.get(`${B}/delay/1`));
  http.setResponseCallback(http.expectedStatuses({ min: 200, max: 399 }));
  // Groups, checks and metrics.
  const inner = group('outer', () => group('inner', () => {
    told(http.get(`${B}/delay/3`));
    check(2, { 'in a group': true });
    return exec.vu.tags.vt;
  }));
  show(inner);
  try { group('fails', () => { throw new Error('out'); }); } catch (e) { show(String(e)); }
  for (const x of [1, 0, -0, 1.5, true, false, '7', '', null, undefined, NaN, 'x', {}, [3], 5n, 1e300]) show(tt.add(x), cc.add(x, { a: 1 }), rr.add(x), gg.add(x, null));
  show(tt.add(), cc.add(1, { a: true, b: 'c', d: 2 }), tt.name);
  for (const tags of [{ a: {} }, { a: null }, 'x', [], 5]) {
    try { show(rr.add(1, tags), check(1, { c: true }, tags)); } catch (e) { show(String(e)); }
  }
  const { add } = cc;
  show(add(2));
  // Batches.
  const list = http.batch([`${B}/delay/20`, ['GET', `${B}/delay/5`], ['POST', `${B}/echo`, 'x', { tags: { name: 'b' } }], { method: 'put', url: `${B}/echo`, body: { a: 1 } },
    ['GET', `${B}/redirect/1`], ['GET', `${B}/delay/5`, null, { responseType: 'none' }], ['GET', http.url`${B}/delay/${7}`], `${B}/status/404`]);
  list.forEach(told);
  const named = http.batch({ a: `${B}/delay/3`, b: { method: 'GET', url: `${B}/delay/1`, params: { headers: { A: 'b' } } } });
  show(Object.keys(named).join(), named.a.status, named.b.request.headers.A[0]);
  told(http.batch([`${B}/delay/1`, 'no address', `${B}/delay/1`])[1]);
  try { http.batch([['GET']]); } catch (e) { show(String(e)); }
  sleep(0.1);
  if (__ITER === 1) throw new Error('an iteration that fails');
}
