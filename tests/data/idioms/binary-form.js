import http from 'k6/http';
import { FormData } from 'https://jslib.k6.io/formdata/0.0.2/index.js';
import { check } from 'k6';
const bin = open('./data/users.csv', 'b'); const text = open('data/users.json');
export const options = { iterations: 1 };
export default function () {
  const fd = new FormData(); fd.append('note', 'small'); fd.append('picture', { data: new Uint8Array(bin), filename: 'boat.png', content_type: 'image/png' }); fd.append('x', http.file(text, 'text.txt'));
  const res = http.post('https://echo.example/post', fd.body(), { headers: { 'Content-Type': 'multipart/form-data; boundary=' + fd.boundary } });
  check(res, { 'is status 200': (r) => r.status === 200 });
  const r2 = http.post('https://echo.example/post', { field: 'plain', file: http.file(bin, 'test.bin', 'application/octet-stream') });
  check(r2, { ok: (r) => r.status === 200 }); console.log(bin.byteLength, fd.body().byteLength > 100);
}
