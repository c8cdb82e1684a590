// A shop: some look, some buy. What `capsim import` makes of it is tested.
import http from 'k6/http';
import { check, sleep, group } from 'k6';
import { Trend } from 'k6/metrics';
const B = __ENV.BASE_URL || 'http://shop.test';
const t = new Trend('basket_time', true);
export const options = {
  scenarios: {
    buyers: { executor: 'ramping-vus', startVUs: 0, stages: [{ duration: '30s', target: 50 }, { duration: '1m', target: 50 }], exec: 'buy', gracefulRampDown: '10s' },
    lookers: { executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration: '90s', preAllocatedVUs: 20, maxVUs: 100, exec: 'look' },
  },
  thresholds: { http_req_duration: ['p(95)<500', { threshold: 'p(99)<1000', abortOnFail: true, delayAbortEval: '10s' }], 'http_req_duration{name:item}': ['avg<200'], checks: ['rate>0.99'] },
  summaryTrendStats: ['avg', 'p(99)'],
};
export function setup() { const r = http.post(`${B}/login`, JSON.stringify({ u: 'x' })); return { token: r.json('token') }; }
export function look() { http.get(`${B}/`); sleep(1 + Math.random()); http.get(`${B}/items/${Math.floor(Math.random() * 100)}`, { tags: { name: 'item' } }); }
export function buy(data) {
  group('list', () => {
    const r = http.get(`${B}/items?page=1`, { headers: { Authorization: data.token } });
    check(r, { 'status is 200': (r) => r.status === 200, 'has items': (r) => r.json().items.length > 0 });
    sleep(1);
    const item = r.json().items[0];
    const o = http.post(`${B}/items/123/order`, JSON.stringify({ id: item.id }));
    check(o, { ordered: (o) => o.json('order.id') });
    t.add(o.timings.duration);
  });
  if (Math.random() < 0.3) { http.get(`${B}/basket`); }
  sleep(2);
}
