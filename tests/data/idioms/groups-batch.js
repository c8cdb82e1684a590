import http from 'k6/http';
import { group, check, sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
const errors = new Counter('lost'); const size = new Gauge('page_size'); const ok = new Rate('ok_rate'); const wait = new Trend('wait_time', true);
export const options = { vus: 3, duration: '10s', thresholds: { lost: ['count<100'], page_size: ['value<4000'], ok_rate: [{ threshold: 'rate>0.5', abortOnFail: true, delayAbortEval: '5s' }], 'wait_time{kind:api}': ['p(90)<1000'], 'http_req_duration{staticAsset:yes}': ['p(99)<900'], 'group_duration{group:::home}': ['avg<2000'] } };
export default function () {
  group('home', () => {
    const responses = http.batch([
      ['GET', 'https://shop.example/', null, { tags: { ctype: 'html' } }],
      ['GET', 'https://shop.example/style.css', null, { tags: { staticAsset: 'yes' } }],
      { method: 'GET', url: 'https://shop.example/boat.png', params: { tags: { staticAsset: 'yes' } } },
      'https://shop.example/app.js',
    ]);
    responses.forEach((r) => { const passed = check(r, { 'ok': (r) => r.status === 200 }); ok.add(passed); if (!passed) errors.add(1); });
    size.add(responses[0].body.length); wait.add(responses[0].timings.waiting, { kind: 'api' });
    group('nested', function () { const named = http.batch({ a: 'https://shop.example/a', b: { method: 'POST', url: 'https://shop.example/b', body: { x: '1' } } }); check(named.a, { 'a ok': (r) => r.status === 200 }); check(named['b'], { 'b ok': (r) => r.status === 200 }); });
  });
  sleep(Math.random() * 2);
}
