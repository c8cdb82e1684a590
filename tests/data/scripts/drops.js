// Iterations that were never begun: k6 v2.2.0 made 12 and dropped 15.
import { sleep } from 'k6';
export const options = {
  scenarios: {
    si: { executor: 'shared-iterations', vus: 3, iterations: 20, maxDuration: '1s', gracefulStop: '100ms' },
    pv: { executor: 'per-vu-iterations', vus: 2, iterations: 5, maxDuration: '1s', gracefulStop: '1s' },
  },
};
export default function () { sleep(0.4); }
