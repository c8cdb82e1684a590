// Requests and sleeps in every place that JavaScript calls code from.
import http from 'k6/http';
import { sleep, check, group } from 'k6';
import { Trend, Counter } from 'k6/metrics';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import { double, counted } from './lib/helper.js';
import data from './lib/data.json';
const old = require('./lib/old.js');
const B = 'http://127.0.0.1:8080';
const list = new SharedArray('list', () => [{ a: 1 }, { a: 2 }]);
const trend = new Trend('tries', true);
const hits = new Counter('hits');
const text = open('./lib/text.txt').trim();
const get = () => http.get(`${B}/delay/10`).status;
class Client {
  status = get();
  #inner = 1;
  constructor() { this.made = get(); sleep(0.01); }
  get value() { return get() + this.#inner; }
  static make() { return new Client(); }
  *pages(n) { for (let i = 0; i < n; i++) { yield get(); } }
  [Symbol.iterator]() { let i = 0; return { next: () => ({ done: i++ >= 2, value: get() }) }; }
  toString() { return 'client ' + get(); }
}
export const options = { vus: 2, iterations: 4 };
export default async function () {
  const start = Date.now();
  const out = [];
  out.push([1, 2, 3].map(() => get()).join());
  out.push([3, 1, 2].sort((a, b) => { get(); return a - b; }).join());
  out.push('abc'.replace(/b/g, () => get()));
  const c = Client.make();
  out.push(c.status, c.made, c.value, [...c.pages(2)].join(), [...c].join(), `${c}`);
  const f = (x = get()) => x;
  out.push(f());
  const { late = get() } = {};
  out.push(late);
  out.push(JSON.stringify({ toJSON: () => get() }));
  out.push(new Function('get', 'return get()')(get));
  try { try { get(); throw new Error('inner'); } finally { sleep(0.01); } } catch (e) { out.push(e.message); }
  out.push(await Promise.resolve(1).then(() => get()));
  out.push((await Promise.all([1, 2].map(async (x) => { get(); await null; return x; }))).join());
  const recurse = (n) => (n === 0 ? get() : recurse(n - 1));
  out.push(recurse(100));
  label: for (const a of [1, 2]) { for (const b of [1, 2]) { if (get() && b === 2) continue label; } }
  out.push(group('g', () => check(get(), { ok: (s) => s === 200 })));
  trend.add(3, { kind: 'x' });
  hits.add(1);
  out.push(list.length, list[1].a, double(2), counted(), data.name, old.answer, text, typeof list[0]);
  await new Promise((done) => setTimeout(done, 100));
  out.push(Date.now() - start, exec.scenario.iterationInTest >= 0);
  console.log(out.join(' '));
}
