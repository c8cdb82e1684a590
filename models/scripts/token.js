// Token issue, as the published load test of 2024-08-23 did it: everybody asks for a token, over and over.
import http from 'k6/http';
import { check, sleep } from 'k6';

const BASE = __ENV.BASE_URL || 'http://localhost:8080';

export const options = {
  stages: [
    { duration: '1m', target: 1000 },
    { duration: '1m', target: 2000 },
    { duration: '1m', target: 5000 },
    { duration: '1m', target: 5000 },
    { duration: '1m', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(95)<1000'],
    http_req_failed: ['rate<0.01'],
    http_reqs: ['rate>500'],
    checks: ['rate>0.999'],
  },
};

export default function () {
  const userId = Math.floor(Math.random() * 100000) + 1;
  const response = http.post(`${BASE}/api/v1/queue/token`, JSON.stringify({ userId }), {
    headers: { 'Content-Type': 'application/json' },
    tags: { name: 'issue_token' },
  });
  const body = response.json();
  check(response, {
    'status is 200': (r) => r.status === 200,
    'has token': () => body.data.token !== undefined,
    'has estimatedWaitingTime': () => body.data.estimatedWaitingTime !== undefined,
  });
  sleep(1);
}
