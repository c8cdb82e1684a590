import { expect } from 'https://jslib.k6.io/k6-testing/0.5.0/index.js';
import http from 'k6/http';
export const options = { iterations: 1 };
export default function () { const r = http.get('https://pizza.example/'); expect(r.status).toBe(200); expect.soft(r.status).toBeLessThan(300); expect([1]).toContain(1); }
