import http from 'k6/http';
import { parseHTML } from 'k6/html';
import { check, group } from 'k6';
export const options = { iterations: 1 };
export default function () {
  const res = http.get('https://shop.example/messages');
  const doc = parseHTML(res.body); const pageTitle = doc.find('head title').text(); const langAttr = doc.find('html').attr('lang');
  const csrf = res.html().find('input[name=csrf]').first().attr('value');
  check(res, { 'title found': () => pageTitle !== undefined, 'csrf': () => true });
  console.log(pageTitle, langAttr, csrf, res.html('a').size());
}
