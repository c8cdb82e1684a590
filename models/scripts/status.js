// Queue status, as the published load test of 2024-08-23 did it: one user issues 10,000 tokens, then everybody asks
// where one of them stands.
import http from 'k6/http';
import { check, sleep } from 'k6';

const BASE = __ENV.BASE_URL || 'http://localhost:8080';
const TOKENS = Number(__ENV.TOKENS || 10000);

export const options = {
  stages: [
    { duration: '1m', target: 1000 },
    { duration: '1m', target: 2000 },
    { duration: '1m', target: 5000 },
    { duration: '1m', target: 5000 },
    { duration: '1m', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(99)<500'],
    http_req_failed: ['rate<0.005'],
    http_reqs: ['rate>1000'],
    checks: ['rate>0.9999'],
  },
};

export function setup() {
  const tokens = [];
  for (let i = 0; i < TOKENS; i++) {
    const userId = Math.floor(Math.random() * 100000) + 1;
    const response = http.post(`${BASE}/api/v1/queue/token`, JSON.stringify({ userId }), {
      headers: { 'Content-Type': 'application/json' },
      tags: { name: 'issue_token' },
    });
    tokens.push(response.json('data.token'));
  }
  return { tokens };
}

export default function ({ tokens }) {
  const token = tokens[Math.floor(Math.random() * tokens.length)];
  const response = http.get(`${BASE}/api/v1/queue/status`, {
    headers: { Authorization: `Bearer ${token}` },
    tags: { name: 'queue_status' },
  });
  const body = response.json();
  check(response, {
    'status is 200': (r) => r.status === 200,
    'has queuePosition': () => body.data.queuePosition !== undefined,
    'has estimatedWaitingTime': () => body.data.estimatedWaitingTime !== undefined,
  });
  sleep(1.5);
}
