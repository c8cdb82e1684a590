"""The workload `closed` (benches/models/closed.toml) in Ciw: users go round between a node of 16 servers and
one of any number, where they think; after thinking, those whose time is over leave. They come at given times."""

import itertools
import time

import ciw

from common import END, SERVICE_MEAN, THINK, VUS, WORKERS, arguments, begins, ends, report

SERVER, THINKING = 1, 2


class AgainOrLeave(ciw.routing.NodeRouting):
    """After thinking: to the server again while the ramp keeps this user, else out."""

    def next_node(self, ind):
        stays = self.simulation.current_time < ends(ind.id_number - 1)
        return self.simulation.nodes[SERVER if stays else -1]


def arrivals():
    """Times between one user's beginning and the next one's; none after the last."""
    begun = [0.0] + [begins(user) for user in range(VUS)]
    gaps = [after - before for before, after in itertools.pairwise(begun)]
    return ciw.dists.Sequential(gaps + [float("inf")])


def main():
    seed, _ = arguments()
    since = time.process_time()
    network = ciw.create_network(
        arrival_distributions=[arrivals(), None],
        service_distributions=[
            ciw.dists.Exponential(rate=1 / SERVICE_MEAN),
            ciw.dists.Deterministic(value=THINK),
        ],
        routing=ciw.routing.NetworkRouting(
            routers=[ciw.routing.Direct(to=THINKING), AgainOrLeave()]
        ),
        number_of_servers=[WORKERS, float("inf")],
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(END)
    records = simulation.get_all_records(only=["service"])
    responses = [(r.exit_date - r.arrival_date) * 1000 for r in records if r.node == SERVER]
    report("Ciw " + ciw.__version__, responses, since)


main()
