import { randomIntBetween, randomItem, randomString, uuidv4, findBetween } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
import papaparse from 'https://jslib.k6.io/papaparse/5.1.1/index.js';
import { textSummary } from 'https://jslib.k6.io/k6-summary/0.1.0/index.js';
import { SharedArray } from 'k6/data';
const users = new SharedArray('users', () => papaparse.parse('name,age\nann,30\n"b, c",40\n', { header: true, skipEmptyLines: true }).data);
export default function () {
  const n = randomIntBetween(2, 4);
  console.log(n >= 2 && n <= 4, randomItem([7]), randomString(5).length, uuidv4().length, findBetween('a<b>c</b>', '<b>', '</b>'));
  console.log(users.length, users[1].name, users[0].age, papaparse.unparse([{ a: 1, b: 'x,y' }]));
}
export function handleSummary(data) { return { stdout: textSummary(data, { indent: ' ', enableColors: false }) }; }
