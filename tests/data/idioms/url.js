import { URL, URLSearchParams } from 'https://jslib.k6.io/url/1.0.0/index.js';
import http from 'k6/http';
export const options = { iterations: 1 };
export default function () {
  const url = new URL('https://boats.example'); url.searchParams.append('colour', 'red'); url.searchParams.append('size', 'test'); url.searchParams.append('multiple', ['foo', 'bar']);
  console.log(url.toString());
  const p = new URLSearchParams([['colour', 'red'], ['size', 'test']]);
  http.get(`https://boats.example?${p.toString()}`); http.get(http.url`https://boats.example/posts/${__ITER}`);
}
