"""The workload `mm1` (benches/models/mm1.toml) in SimPy: a process for each customer. Times in milliseconds."""

import random
import time

import simpy

from common import ARRIVAL_MEAN, arguments, report


def customer(env, server, responses):
    arrived = env.now
    with server.request() as place:
        yield place
        yield env.timeout(random.expovariate(1.0))
    responses.append(env.now - arrived)


def source(env, server, customers, responses):
    for _ in range(customers):
        yield env.timeout(random.expovariate(1 / ARRIVAL_MEAN))
        env.process(customer(env, server, responses))


def main():
    _, customers = arguments()
    since = time.process_time()
    env = simpy.Environment()
    server = simpy.Resource(env)
    responses = []
    env.process(source(env, server, customers, responses))
    env.run()
    report("SimPy " + simpy.__version__, responses, since)


main()
