// Occupy and reserve, as the published load test of 2024-08-23 did it: wait for your turn, pick a seat, buy it.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Rate } from 'k6/metrics';

const BASE = __ENV.BASE_URL || 'http://localhost:8080';
const DRAWS = Number(__ENV.DRAWS || 10000);
const EVENTS = 50000;
const dataIntegrity = new Rate('data_integrity');

export const options = {
  stages: [
    { duration: '1m', target: 1000 },
    { duration: '1m', target: 2000 },
    { duration: '1m', target: 5000 },
    { duration: '1m', target: 5000 },
    { duration: '1m', target: 0 },
  ],
  thresholds: {
    http_req_duration: ['p(90)<2000'],
    http_req_failed: ['rate<0.001'],
    http_reqs: ['rate>100'],
    checks: ['rate>0.9999'],
    data_integrity: ['rate==1.0'],
  },
};

const draw = (n) => Math.floor(Math.random() * n);
const json = (name, token) => ({
  headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
  tags: { name },
});

export function setup() {
  const users = new Set();
  for (let i = 0; i < DRAWS; i++) users.add(draw(100000) + 1);
  const tokens = [];
  for (const userId of users) {
    const response = http.post(`${BASE}/api/v1/queue/token`, JSON.stringify({ userId }), json('issue_token'));
    tokens.push(response.json('data.token'));
  }
  return { tokens };
}

// Polls until it is the token's turn.
function wait(token) {
  for (let poll = 0; poll < 30; poll++) {
    const response = http.get(`${BASE}/api/v1/queue/status`, json('queue_status', token));
    if (response.status === 200 && response.json('data.queuePosition') === 0) return true;
    if (poll < 29) sleep(5);
  }
  return false;
}

// Holds some free seat of an event.
function occupy(event, token) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const list = http.get(`${BASE}/api/v1/concert-events/${event}/available-seats`, json('available_seats', token));
    const seats = list.status === 200 ? list.json('data.list') : [];
    if (seats.length > 0) {
      const { seatId } = seats[draw(seats.length)];
      const url = `${BASE}/api/v1/concert-events/${event}/occupy`;
      const response = http.post(url, JSON.stringify({ seatId }), json('occupy', token));
      if (response.status === 200) return response.json('data.id');
    }
    if (attempt < 4) sleep(1);
  }
  return undefined;
}

export default function ({ tokens }) {
  const token = tokens[draw(tokens.length)];
  if (!wait(token)) return;
  const event = draw(EVENTS) + 1;
  const occupation = occupy(event, token);
  if (occupation === undefined) return;
  const url = `${BASE}/api/v1/concert-events/${event}/reserve`;
  const response = http.post(url, JSON.stringify({ occupationId: occupation }), json('reserve', token));
  const booked = response.status === 200 ? response.json('data.list') : undefined;
  const ok = check(response, {
    'reserve status is 200': (r) => r.status === 200,
    'seat reserved successfully': () => booked !== undefined,
  });
  if (ok) dataIntegrity.add(booked.length === 1 && booked[0].price === 10000);
  sleep(5 + Math.random() * 5);
}
