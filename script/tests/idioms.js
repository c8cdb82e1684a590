//// map
export default function () { console.log([1, 2, 3].map(() => get()).join()); }
//// for-each
let n = 0;
export default function () { ['a', 'b'].forEach((x) => { get(); n += 1; console.log(x, n); }); }
//// reduce
export default function () { console.log([1, 2, 3].reduce((a, b) => { sleep(0.01 * b); return a + b; }, 0)); }
//// filter-some-every
export default function () { console.log([1, 2, 3].filter((x) => get() && x > 1), [1].some(() => get()), [1].every(() => get())); }
//// sort
export default function () { console.log([3, 1, 2, 5, 4].sort((a, b) => { get(); return a - b; }).join()); }
//// replace
export default function () { console.log('a-b-c'.replace(/-/g, () => get())); }
//// match-all
export default function () { for (const m of 'a1b2'.matchAll(/[a-z](\d)/g)) { get(); console.log(m[1]); } }
//// getter
const o = { get now() { return get() + __VU; } };
export default function () { console.log(o.now + o.now); }
//// setter
let kept = 0;
const o = { set value(x) { kept = get() + x; } };
export default function () { o.value = __ITER; console.log(kept); }
//// constructor
class C { constructor(x) { this.x = x + get(); } }
export default function () { console.log(new C(1).x, new C(__VU).x); }
//// fields
class C { a = get(); #b = get(); static s = 1; get b() { return this.#b; } }
export default function () { const c = new C(); console.log(c.a, c.b, C.s++); }
//// inheritance
class A { go() { return get(); } }
class D extends A { go() { return super.go() + 1; } }
export default function () { console.log(new D().go()); }
//// own-error
class E extends Error { constructor(m) { super(m); this.name = 'E'; this.code = 7; } }
export default function () { try { get(); throw new E('x'); } catch (e) { sleep(0.1); console.log(e.name, e.message, e.code, e instanceof E); } }
//// generator
function* pages(n) { for (let i = 0; i < n; i++) yield get() + i; }
export default function () { for (const p of pages(3)) { sleep(0.01); console.log(p); } }
//// generator-kept
const g = (function* () { let i = 0; for (;;) { sleep(0.01); yield i++; } })();
export default function () { get(); console.log(g.next().value); }
//// iterator
const it = { [Symbol.iterator]() { let i = 0; return { next: () => ({ done: i++ > 1, value: get() }) }; } };
export default function () { console.log([...it]); }
//// iterator-left-early
const it = { [Symbol.iterator]() { return { next: () => ({ done: false, value: get() }), return() { sleep(1); console.log('left'); return {}; } }; } };
export default function () { for (const x of it) { console.log(x); break; } }
//// default-parameters
const f = (a = get(), b = a + get()) => a + b;
export default function () { console.log(f(), f(1)); }
//// destructuring
export default function () { const { a = get(), ...rest } = { b: 2, c: 3 }; const [x, y = get()] = [1]; console.log(a, rest, x, y); }
//// spread-call
export default function () { console.log(Math.max(...[1, 2, 3].map((x) => { get(); return x; }))); }
//// template
const tag = (parts, ...v) => { get(); return parts.raw.join('|') + v.join(); };
export default function () { console.log(tag`a${get()}b${1}c`, `x${get()}y`); }
//// to-string
const o = { toString() { return 'o' + get(); }, valueOf() { return get(); } };
export default function () { console.log(`${o}`, o + 1); }
//// to-primitive
const o = { [Symbol.toPrimitive](hint) { sleep(0.01); return hint === 'number' ? 5 : hint; } };
export default function () { console.log(+o, `${o}`, o + ''); }
//// to-json
export default function () { console.log(JSON.stringify({ a: { toJSON: () => get() } }, (k, v) => { sleep(0.01); return v; })); }
//// json-reviver
export default function () { console.log(JSON.parse('{"a":[1,2]}', (k, v) => { get(); return v; })); }
//// proxy
const p = new Proxy({}, { get: (_, key) => key + get(), has: () => get() > 0 });
export default function () { console.log(p.x, 'y' in p); }
//// reflect
export default function () { console.log(Reflect.apply(get, null, [5]), Reflect.construct(Date, [0]).getTime()); }
//// finally
const f = () => { try { return get(); } finally { sleep(0.5); console.log('f'); } };
export default function () { console.log(f()); }
//// nested-try
export default function () { try { try { get(); throw 1; } finally { get(); } } catch (e) { console.log('c', e); } }
//// throw-in-iteration
export default function () { get(); if (__ITER % 2 === 1) throw new TypeError('odd ' + __VU); sleep(0.1); }
//// throw-text
export default function () { get(); throw 'text'; }
//// fail
import { fail } from 'k6';
export default function () { get(); if (__VU === 2) fail('two'); console.log('on'); }
//// labels
export default function () { a: for (const x of [1, 2]) { for (const y of [1, 2]) { get(); if (y > x) continue a; if (x > 1) break a; console.log(x, y); } } }
//// switch
export default function () { switch (get()) { case 200: sleep(0.1); case 1: console.log('fell'); break; default: console.log('no'); } }
//// recursion
const f = (n) => (n === 0 ? get() : f(n - 1) + 1);
export default function () { console.log(f(40)); }
//// mutual-recursion-with-catch
let deepest = 0;
const f = (n) => { deepest = Math.max(deepest, n); return f(n + 1) + 1; };
export default function () { get(); try { f(0); } catch (e) { console.log(e.name, deepest > 50); } get(); }
//// closures
const makers = [1, 2].map((x) => () => { x += get(); return x; });
export default function () { console.log(makers.map((m) => m())); }
//// module-state
const seen = new Map();
export default function () { seen.set(__ITER, get()); console.log(__VU, [...seen.keys()].join()); }
//// var-and-hoisting
export default function () { console.log(typeof f, v); var v = get(); function f() {} console.log(v); }
//// new-function
export default function () { console.log(new Function('g', 'return g() + g()')(get)); }
//// call-and-bind
function who(x) { return this.n + x + get(); }
export default function () { console.log(who.call({ n: 1 }, 2), who.bind({ n: 3 })(4)); }
//// timers
export default function () { setTimeout(() => { get(); console.log('late', Date.now()); }, 200); get(); console.log('first'); }
//// interval
export default function () { let i = 0; const t = setInterval(() => { console.log(__VU, i); if (++i === 3) clearInterval(t); }, 50); }
//// async-function
const f = async (x) => { await null; get(); return x; };
export default async function () { console.log(await f(1), (await Promise.all([f(2), f(3)])).join()); sleep(0.1); }
//// promise-chain
export default function () { return Promise.resolve(1).then((x) => { get(); return x + 1; }).then((x) => { sleep(0.1); console.log(x); }); }
//// promise-left-behind
export default function () { Promise.resolve().then(() => console.log('job of', __VU)); sleep(0.1); console.log('after'); get(); }
//// promise-rejected
export default function () { Promise.reject(new Error('lost ' + __VU)); get(); }
//// async-generator
async function* pages() { yield get(); await null; yield get(); }
export default async function () { const p = pages(); console.log((await p.next()).value, (await p.next()).value); }
//// async-request
export default async function () { const r = await Promise.all([1, 2].map((x) => http.asyncRequest('GET', `${B}/delay/${10 * x}`))); console.log(r.map((x) => x.status)); }
//// race
export default async function () { const r = await Promise.race([100, 20].map((x) => http.asyncRequest('GET', `${B}/delay/${x}`))); console.log(r.url); }
//// batch
export default function () { const r = http.batch([`${B}/delay/30`, ['GET', `${B}/delay/10`], { method: 'POST', url: `${B}/delay/20`, body: { a: 1 } }]); console.log(r.map((x) => x.timings.duration)); }
//// check-and-group
export default function () { group('outer', () => { group('inner', () => { check(get(), { ok: (s) => s === 200, slow: () => { sleep(0.1); return false; } }); }); }); }
//// check-throws
export default function () { check(1, { bad: () => { get(); throw new Error('in check'); } }); console.log('never'); }
//// tags
import exec from 'k6/execution';
export default function () { exec.vu.tags.who = 'vu' + __VU; http.get(`${B}/delay/5`, { tags: { a: __ITER } }); console.log(Object.keys(exec.vu.tags)); }
//// execution
import exec from 'k6/execution';
export default function () { get(); console.log(exec.scenario.name, exec.scenario.iterationInTest, exec.vu.iterationInScenario, exec.vu.idInTest === __VU); }
//// metrics
import { Counter, Trend, Rate, Gauge } from 'k6/metrics';
const c = new Counter('c_of'); const t = new Trend('t_of', true); const r = new Rate('r_of'); const g = new Gauge('g_of');
export default function () { c.add(get()); t.add(__VU, { x: 'y' }); r.add(__ITER % 2); g.add(-1); }
//// shared-array
import { SharedArray } from 'k6/data';
const a = new SharedArray('a', () => [{ x: 1 }, { x: 2 }]);
export default function () { get(); console.log(a.map((e) => { sleep(0.01); return e.x; }), a[1].x, a.length); }
//// setup-data
export function setup() { get(); return { list: [1, 2], at: new Date(0) }; }
export default function (data) { data.list.push(get()); console.log(data.list.length, data.at); }
export function teardown(data) { console.log('end', data.list.length); }
//// large-setup-data
export function setup() { return { list: Array.from({ length: 900 }, (_, i) => ({ i, tags: ['t' + i] })), name: 'n' }; }
export default function (data) {
  get();
  const first = data.list[0];
  console.log(data.list.length, first === data.list[0], Array.isArray(data.list), Object.keys(data), JSON.stringify(first), 'name' in data);
  first.i += __VU; data.list[1].tags.push('x' + __ITER); data.name += '!'; delete data.list[2].i; data.list.push(__VU);
  sleep(0.1);
  console.log(data.list[0], data.list[1].tags, data.name, data.list[2], data.list.length, [...data.list].length, { ...data }.name, data.list.indexOf(first));
  for (const x of data.list.slice(0, 2)) console.log(x.i);
  Object.freeze(data.list[3]); try { data.list[3].i = 0; } catch (e) { console.log(e.name, Object.isFrozen(data.list[3])); }
}
export function teardown(data) { console.log(data.list.length, data.list[0].i); }
//// random
export default function () { sleep(Math.random()); console.log(Math.random()); }
//// random-seed
import { randomSeed } from 'k6';
export default function () { randomSeed(__VU); get(); console.log(Math.random(), Math.random()); }
//// cookies
export default function () { http.get(`${B}/cookies`, { cookies: { a: 'b' + __VU } }); const jar = http.cookieJar(); jar.set(B, 'k', 'v' + __ITER); console.log(http.get(`${B}/cookies`).body, jar.cookiesForURL(B)); }
//// json-selector
export default function () { get(); const r = http.get(`${B}/json`); sleep(0.01); console.log(r.json('a.b.#'), r.json().list ? 1 : 0); }
//// environment
export default function () { __ENV.OWN = (__ENV.OWN ?? '') + __VU; get(); console.log(__ENV.OWN, __VU, __ITER); }
//// date
const born = new Date();
export default function () { const a = Date.now(); sleep(1.5); console.log(Date.now() - a, new Date().toISOString(), born.getTime()); }
//// several-functions
export const options = { scenarios: { a: { executor: 'per-vu-iterations', vus: 2, iterations: 2, exec: 'one' }, b: { executor: 'constant-arrival-rate', rate: 5, duration: '2s', preAllocatedVUs: 3, exec: 'two', startTime: '0.5s' } } };
export function one() { get(); sleep(0.3); console.log('one', __VU); }
export function two() { get(50); sleep(0.7); console.log('two', __VU); }
//// cut-off
export const options = { scenarios: { a: { executor: 'constant-vus', vus: 3, duration: '2s', gracefulStop: '0s' } } };
export default function () { try { get(); sleep(1.3); } catch (e) { console.log('caught'); } finally { console.log('done', __VU); } }
//// abort
import exec from 'k6/execution';
export default function () { get(); if (__VU === 2) exec.test.abort('enough'); sleep(1); console.log('on'); }
//// bound-variables-of-suspended-frames
const later = [];
export default function () { let x = __VU; later.push(() => x); get(); x += 10; sleep(0.2); console.log(later.map((f) => f()).join(), x); }
//// arguments-object
function f() { get(); arguments[0] += 1; return [...arguments].join(); }
export default function () { console.log(f(__VU, 2)); }
//// typed-arrays-and-bytes
import encoding from 'k6/encoding';
export default function () { const a = Uint8Array.from([1, 2, 3], (x) => { sleep(0.01); return x * __VU; }); get(); console.log(encoding.b64encode(a.buffer)); }
//// stack-text
const inner = () => { get(); throw new Error('where'); };
export default function () { try { inner(); } catch (e) { console.log(e.stack.split('\n').map((l) => l.trim().split(' ')[1]).join()); } }
//// garbage
export default function () { let a = {}; for (let i = 0; i < 300; i++) { const b = { a, text: 'x'.repeat(i) }; b.self = b; a = i % 7 ? b : {}; if (i % 100 === 0) get(); } console.log('clean'); }
//// local-module
import { double, counted } from './lib/helper.js';
import * as again from './lib/helper.js';
import data from './lib/data.json';
export default function () { get(); console.log(double(__VU), counted(), again.counted(), data.name, again.double === double); }
//// common-module
const old = require('./lib/old.js');
export default function () { get(); old.answer += __VU; console.log(old.answer); }
//// dynamic-import
export default async function () { const m = await import('./lib/helper.js'); get(); console.log(m.counted()); }
//// jslib
import { randomIntBetween, uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
export default function () { get(); console.log(randomIntBetween(1, 6), uuidv4().length); }
//// checks-of-all-kinds
export default function () {
  const r = get();
  for (let i = 0; i < 150; i++) check(r, { [`n${i % 70}`]: () => i % 3 > 0, same: i > 5, none: undefined, list: [] });
  console.log(check(r, {}), check(r, null ?? {}), check(5, { five: (x) => x === 5 }), check(r, { tagged: true }, { a: 'b' }));
  try { check(r, { first: true, 'a::b': true, last: true }); } catch (e) { console.log(String(e)); }
  try { check(r, { first: true, thrown: () => { throw new TypeError('no'); }, last: true }); } catch (e) { console.log(String(e)); }
  try { check(r, { later: async () => true }); } catch (e) { console.log(String(e).length); }
  try { check(r); } catch (e) { console.log(String(e)); }
  console.log(check(r, new Proxy({ a: true, b: () => r.status }, {})), check(r, [true, () => 0]), check(r, { get g() { return () => 1; } }), check(r, Object.create({ a: false })));
  check(r, { inner: () => check(r, { outer: () => true }) && get().status === 200 });
  check(r, { 7: true, ü: (x) => x.status, [Symbol('s')]: false });
}
//// sleeps-of-all-kinds
export default function () {
  for (const s of [0.1, -1, 0, NaN, Infinity, '0.2', undefined, null, true, 1e300, { valueOf: () => 0.3 }]) { sleep(s); console.log(Date.now()); }
  try { sleep(1n); } catch (e) { console.log(String(e)); }
  [0.1, 0.2].forEach(sleep); console.log(Date.now(), sleep.length, check.length, http.get.length, http.post.length, http.request.length);
}
//// json-selectors
export default function () {
  const ask = () => http.get(`${B}/json`);
  const paths = ['a', 'a.b', 'a.b.c', 'a.toString', 'toString', '__proto__', 'list', 'list.0', 'list.length', 'none', '', 'a.', '.a', 'a..b', '#', 'a.b.#', 'ü', 7, null, undefined, {}];
  for (const path of paths) { const r = ask(); console.log(String(path), JSON.stringify(r.json(path)), JSON.stringify(r.json(path)), r.body.length, JSON.stringify(r.json(path))); }
  const r = ask(); const one = r.json(); const two = r.json(); one.more = 1;
  console.log(r.json('a') === r.json('a'), one === two, JSON.stringify(two), JSON.stringify(r.json()), r.json('more'), Object.keys(r).length, r.json.name, r.json.length);
  const c = ask(); c.body = '{"a":5}'; console.log(c.json('a'), JSON.stringify(c.json()));
  const d = http.get(`${B}/status/204`); try { console.log(d.json('a')); console.log(d.json()); } catch (e) { console.log(String(e)); }
  console.log(http.get.name, Object.keys(http).includes('get'), Object.getPrototypeOf(r).hasOwnProperty('json'));
  try { r.json.call({ body: '[1]' }); r.json.call(undefined); } catch (e) { console.log(e.name); }
}
//// json-texts
export default function () {
  get();
  const nested = { a: 1, b: { c: 'x', d: { e: -5 } }, f: 'ü"\\\n', g: null, h: true, i: undefined, j: [1, { k: 2 }], l: 1.5, m: 1e21, n: -0, o: new Date(0), p: () => 1, '"q': 1, 9: 1 };
  for (const key of Object.keys(nested)) console.log(key, JSON.stringify({ [key]: nested[key], last: 'z' }), JSON.stringify({ in: { [key]: nested[key] } }));
  console.log(JSON.stringify(nested), JSON.stringify(nested, null, 1), JSON.stringify(nested, ['a', 'b']), JSON.stringify({ a: 1 }, undefined), JSON.stringify({}));
  console.log(JSON.stringify({ a: { toJSON: () => 7 } }), JSON.stringify({ toJSON: (k) => `<${k}>` }), JSON.stringify(Object.create({ toJSON: () => 8 })), JSON.stringify(Object.create({ a: 1 })));
  console.log(JSON.stringify(), JSON.stringify('x'), JSON.stringify(5), JSON.stringify([{ a: 1 }]), JSON.stringify({ get a() { return 1; } }), JSON.stringify({ a: '\ud800', '\ud800': 1, b: '\u2028\u007f' }));
  let reads = 0; console.log(JSON.stringify({ get a() { reads++; return 1; }, b: [1] }), reads);
  const round = { a: 1 }; round.self = round; try { JSON.stringify(round); } catch (e) { console.log(e.name); }
  try { JSON.stringify({ a: 1n }); } catch (e) { console.log(e.name); }
  console.log(JSON.stringify({ a: 2147483648, b: -2147483649, c: 9007199254740993, d: 999999999999999, e: 1e15, f: NaN, g: Infinity }), JSON.stringify.name, JSON.stringify.length, Object.keys(JSON).length);
}
