// 100 ms for each answer, 400 ms of thought; k6 v2.2.0 made 410 iterations of the same load.
import http from 'k6/http';
import { check, sleep } from 'k6';
export const options = {
  stages: [{ duration: '5s', target: 20 }, { duration: '5s', target: 20 }, { duration: '5s', target: 0 }],
  thresholds: { http_req_duration: ['p(95)<500'], checks: ['rate>0.999'] },
};
export default function () {
  const r = http.get('http://shop.test/list', { tags: { name: 'list' } });
  check(r, { 'status is 200': (x) => x.status === 200 });
  sleep(0.4);
}
