import http from 'k6/http';
import { check, sleep } from 'k6';
import { setTimeout } from 'k6/timers';
export const options = { vus: 2, iterations: 4 };
const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default async function () {
  const [a, b] = await Promise.all([http.asyncRequest('GET', 'http://a.local/one'), http.asyncRequest('POST', 'http://a.local/two', JSON.stringify({ a: 1 }), { headers: { 'Content-Type': 'application/json' } })]);
  check(a, { 'a': (r) => r.status === 200 }); check(b, { b: (r) => r.status == 200 });
  await delay(100);
  const first = await Promise.race([http.asyncRequest('GET', 'http://a.local/slow'), delay(5)]);
  const settled = await Promise.allSettled([http.asyncRequest('GET', 'http://a.local/one'), Promise.reject(new Error('no'))]);
  check(settled, { settled: (s) => s[0].status === 'fulfilled' && s[1].status === 'rejected' });
  try { await Promise.reject(new Error('x')); } catch (e) { check(e, { caught: (e) => e.message === 'x' }); }
  for await (const x of (async function* () { yield 1; yield 2; })()) { if (x > 2) throw new Error('never'); }
}
