import http from 'k6/http';
import { check, fail, sleep } from 'k6';
import { textSummary } from 'https://jslib.k6.io/k6-summary/0.0.2/index.js';
import { htmlReport } from "https://raw.githubusercontent.com/benc-uk/k6-reporter/main/dist/bundle.js";
export const options = { vus: 2, iterations: 6, setupTimeout: '30s', teardownTimeout: '10s', summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(95)', 'p(99)', 'count'], noConnectionReuse: false, userAgent: 'MyK6/1.0', insecureSkipTLSVerify: true, tags: { env: 'test' }, systemTags: ['status', 'method', 'url'], minIterationDuration: '100ms', rps: 100, batch: 10, maxRedirects: 5, noVUConnectionReuse: true, dns: { ttl: '1m' }, hosts: { 'a.b': '1.2.3.4' }, ext: { loadimpact: { projectID: 1, name: 'x' } }, cloud: { projectID: 2 } };
export function setup() {
  const res = http.post('http://shop.local/login/', { username: 'u', password: 'p' });
  const authToken = res.json('access');
  if (!check(authToken, { 'has a token': () => authToken !== '' })) fail('no token');
  return { token: authToken, list: [1, 2, 3] };
}
export default function (data) {
  const params = { headers: { Authorization: `Bearer ${data.token}` }, tags: { name: 'own boats' } };
  const res = http.get('http://shop.local/own/boats/', params);
  if (res.status !== 200) { console.error(`bad ${res.status}`); return; }
  const d = http.del(`http://shop.local/own/boats/${data.list[__ITER % 3]}/`, null, { headers: params.headers });
  check(d, { 'deleted': (r) => r.status === 204 || r.status === 200 });
  http.patch('http://shop.local/own/boats/1/', JSON.stringify({ sex: 'F' }), params); http.put('http://shop.local/own/boats/1/', '{}', params); http.head('http://shop.local/'); http.options('http://shop.local/');
  sleep(0.3);
}
export function teardown(data) { http.post('http://shop.local/logout', JSON.stringify(data)); }
export function handleSummary(data) {
  return { stdout: textSummary(data, { indent: ' ', enableColors: false }), 'out-summary.html': htmlReport(data), 'out-raw.json': JSON.stringify(data) };
}
