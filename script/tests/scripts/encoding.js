import encoding from 'k6/encoding';
import crypto from 'k6/crypto';
import { md5, hmac } from 'k6/crypto';
export default function () {
  console.log(encoding.b64encode('hello'), encoding.b64encode('a?>', 'rawurl'), encoding.b64decode('aGVsbG8=', 'std', 's'));
  console.log(md5('hello', 'hex'), crypto.sha1('hello', 'hex'));
  console.log(crypto.sha256('hello', 'base64'), hmac('sha256', 'key', 'data', 'hex'));
  const h = crypto.createHash('sha512'); h.update('hel'); h.update('lo');
  console.log(h.digest('hex').slice(0, 16), crypto.randomBytes(4).byteLength, new TextEncoder().encode('é').length);
  console.log(new Date(2026, 0, 2, 3, 4).toISOString(), new Date('2026-01-02T03:04:05').getHours(), String(new Date(0)));
}
