import { getCurrentStageIndex, tagWithCurrentStageIndex, tagWithCurrentStageProfile, normalDistributionStages, findBetween, randomIntBetween } from 'https://jslib.k6.io/k6-utils/1.3.0/index.js';
import http from 'k6/http'; import exec from 'k6/execution'; import { sleep } from 'k6';
export const options = { stages: [{ target: 5, duration: '5s' }, { target: 10, duration: '5s' }], thresholds: { 'http_req_duration{stage:1}': ['p(95)<1000'], 'http_req_duration{stage_profile:ramp-up}': ['p(95)<1000'] } };
export default function () { tagWithCurrentStageIndex(); tagWithCurrentStageProfile(); if (getCurrentStageIndex() > 1) throw new Error('stage'); exec.vu.metrics.tags.custom = 'c'; http.get('http://a.local/s'); findBetween('<a>x</a>', '<a>', '</a>'); sleep(1); }
