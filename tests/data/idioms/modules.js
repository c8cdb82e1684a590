import http from 'k6/http';
import { login, API } from './lib/api.js';
import * as utils from './lib/utils.js';
import config from './data/config.json';
const legacy = require('./lib/legacy.js');
export { options } from './lib/options.js';
export default function () {
  const token = login('u'); new API(token).list(); if (!utils.isEven(2)) throw new Error('x'); legacy.hello(); http.get(config.base + '/config');
}
