import { open as fopen, SeekMode } from 'k6/experimental/fs';
import csv from 'k6/experimental/csv';
import http from 'k6/http';
let file; (async function () { file = await fopen('./data/users.csv'); })();
export const options = { iterations: 1 };
export default async function () { const info = await file.stat(); console.log(info.name, info.size); http.get('http://a.local/f'); }
