"""The workload `closed` (benches/models/closed.toml) in SimPy: a process for each user."""

import random
import time

import simpy

from common import END, SERVICE_MEAN, THINK, VUS, WORKERS, arguments, begins, ends, report


def user(env, server, number, responses):
    yield env.timeout(begins(number))
    last = ends(number)
    while env.now < last:
        sent = env.now
        with server.request() as worker:
            yield worker
            yield env.timeout(random.expovariate(1 / SERVICE_MEAN))
        responses.append((env.now - sent) * 1000)
        yield env.timeout(THINK)


def main():
    arguments()
    since = time.process_time()
    env = simpy.Environment()
    server = simpy.Resource(env, capacity=WORKERS)
    responses = []
    for number in range(VUS):
        env.process(user(env, server, number, responses))
    env.run(until=END)
    report("SimPy " + simpy.__version__, responses, since)


main()
