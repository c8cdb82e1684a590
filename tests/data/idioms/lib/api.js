import http from 'k6/http';
import { B } from './utils.js';
export function login(u) { return http.post(B + '/login', { u }).json('token'); }
export class API { constructor(t) { this.t = t; } list() { return http.get(`${B}/list`, { headers: { Authorization: this.t } }); } }
