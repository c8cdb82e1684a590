import { describe, expect, chai } from 'https://jslib.k6.io/k6chaijs/4.3.4.3/index.js';
import http from 'k6/http';
export const options = { iterations: 2, thresholds: { checks: ['rate==1.00'] } };
export default function testSuite() {
  describe('the list of boats', () => {
    const response = http.get('https://api.example/boats');
    expect(response.status, 'response status').to.equal(200);
    expect(response).to.have.validJsonBody();
  });
  describe('other', () => { expect([1, 2].length, 'number').to.be.above(1); expect({ a: 1 }).to.include.keys('a'); });
}
