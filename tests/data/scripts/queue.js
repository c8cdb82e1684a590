// Polls until it is its turn, which the bodies say; then buys, and sometimes fails.
import http from 'k6/http';
import { check, group, sleep, fail } from 'k6';
import { Counter } from 'k6/metrics';
import exec from 'k6/execution';
const bought = new Counter('bought');
const B = __ENV.BASE || 'http://shop.test';
export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 3, iterations: 4, exec: 'buy' } } };
export function setup() { return { factor: 2 }; }
export function buy(data) {
  let polls = 0;
  while (http.get(`${B}/position`).json('position') > 2 + 3 * data.factor * polls && polls < 3) { polls += 1; sleep(1); }
  group('buy', () => {
    const all = http.batch([['POST', `${B}/seats/${__VU}`, '{}'], ['GET', `${B}/seats/7`, null, { tags: { kind: 'look' } }]]);
    check(all[0], { 'polled once': () => polls === 1, ok: (r) => r.status === 200 });
  });
  bought.add(2);
  if (__ITER === 2) throw new Error('third');
  if (exec.scenario.iterationInTest === 11 && __ENV.ABORT) exec.test.abort('enough');
}
