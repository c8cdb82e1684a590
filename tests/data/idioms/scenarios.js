import http from 'k6/http';
import exec from 'k6/execution';
import { sleep } from 'k6';
export const options = {
  discardResponseBodies: true,
  scenarios: {
    letters: { executor: 'constant-vus', exec: 'letters', vus: 5, duration: '10s', tags: { team: 'letters' }, env: { KIND: 'letters' }, gracefulStop: '0s' },
    papers: { executor: 'per-vu-iterations', exec: 'papers', vus: 5, iterations: 10, startTime: '3s', maxDuration: '20s', env: { KIND: 'papers' }, tags: { team: 'papers' } },
    api: { executor: 'ramping-arrival-rate', exec: 'api', startRate: 5, timeUnit: '1s', preAllocatedVUs: 2, maxVUs: 20, stages: [{ target: 20, duration: '5s' }, { target: 0, duration: '5s' }] },
  },
  thresholds: { 'http_req_duration{team:letters}': ['p(95)<2500'], 'http_req_duration{team:papers}': ['p(99)<5000'], 'http_req_duration{scenario:api}': ['max<2000'], 'http_reqs{method:GET}': ['count>0'] },
};
export function letters() {
  if (__ENV.KIND != 'letters') throw new Error('wrong env ' + __ENV.KIND);
  if (exec.scenario.executor !== 'constant-vus') throw new Error(exec.scenario.executor);
  http.get('https://shop.example/letters', { tags: { colour: "seen" } }); sleep(0.5);
}
export function papers() {
  if (__ENV.KIND != 'papers') throw new Error('wrong env ' + __ENV.KIND);
  http.get('https://shop.example/papers'); exec.vu.tags['dyn'] = 'x' + exec.vu.iterationInScenario % 2;
}
export const api = () => { if (exec.instance.vusActive < 1 || exec.instance.vusInitialized < 1 || exec.scenario.progress < 0) throw new Error('instance ' + exec.instance.vusActive); http.get(`https://shop.example/api/${exec.scenario.name}`); };
