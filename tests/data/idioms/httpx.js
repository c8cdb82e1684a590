import { Httpx, Get } from 'https://jslib.k6.io/httpx/0.1.0/index.js';
import { check } from 'k6';
const session = new Httpx({ baseURL: 'https://api.example', headers: { 'User-Agent': 'boats' }, timeout: 20000 });
export const options = { iterations: 1 };
export default function () {
  const r = session.post('/user/register/', { first_name: 'a', username: 'b' }); check(r, { created: (r) => r.status === 200 });
  session.addHeader('Authorization', `Bearer ${r.json('access')}`);
  const rs = session.batch([new Get('/boats/1/'), new Get('/boats/2/')], { tags: { name: 'boats' } });
  rs.forEach((r) => check(r, { ok: (r) => r.status === 200 }));
}
