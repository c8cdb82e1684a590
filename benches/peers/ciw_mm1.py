"""The workload `mm1` (benches/models/mm1.toml) in Ciw: one node with one server. Times in milliseconds."""

import time

import ciw

from common import ARRIVAL_MEAN, arguments, report


def main():
    seed, customers = arguments()
    since = time.process_time()
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=1 / ARRIVAL_MEAN)],
        service_distributions=[ciw.dists.Exponential(rate=1.0)],
        number_of_servers=[1],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(customers, method="Finish")
    records = simulation.get_all_records(only=["service"])
    report("Ciw " + ciw.__version__, [r.exit_date - r.arrival_date for r in records], since)


main()
