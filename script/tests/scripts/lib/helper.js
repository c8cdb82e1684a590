import http from 'k6/http';
let count = 0;
export const double = (x) => 2 * x;
export function counted() { count += 1; http.get('http://127.0.0.1:8080/delay/10'); return count; }
