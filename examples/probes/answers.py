#!/usr/bin/env python3
"""In which order, when and with what status an HTTP server answers: limits, queues, threads.

A new connection for each request. --at-once sends that many requests together (--gap milliseconds apart);
--rates sends --count requests evenly spaced at each rate; --poisson the same with exponential gaps.

    answers.py 127.0.0.1:8080 --path /limited --at-once 20
    answers.py 127.0.0.1:8080 --path /limited --rates 9,10,10.5,11 --count 40
"""

import argparse
import random
import socket
import time

from common import Results, arguments, inversions, loopback, staggered

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("address", help="host:port on this machine")
parser.add_argument("--path", default="/")
parser.add_argument("--at-once", type=int, default=0, metavar="N", help="so many requests together, at most 200")
parser.add_argument("--gap", type=float, default=1.0, help="milliseconds from one of them to the next (1)")
parser.add_argument("--rates", default="", help="requests a second, evenly spaced; separated by commas")
parser.add_argument("--poisson", default="", help="the same with Poisson arrivals")
parser.add_argument("--count", type=int, default=40, help="how many at each rate (40), at most 4000")
parser.add_argument("--timeout", type=float, default=30.0, help="seconds until a request is given up (30)")
args = arguments(parser)
args.at_once, args.count = min(args.at_once, 200), min(args.count, 4000)
address = loopback(args.address, 80)
results = Results("answers", args.name or args.address, args.out)


def get():
    """Sends one request on a connection of its own. Returns its status; 0 if there was no answer."""
    try:
        with socket.create_connection(address, timeout=args.timeout) as connection:
            request = f"GET {args.path} HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode())
            head = b""
            while b"\r\n" not in head:
                more = connection.recv(4096)
                if not more:
                    return 0
                head += more
            return int(head.split()[1])
    except OSError:
        return 0


def send(times):
    """Sends a request at each of these times (seconds). Returns (answered at, number, status) as they came."""
    found = []

    def work(i, start):
        pause = start + times[i] - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        status = get()
        found.append((time.monotonic() - start, i, status))

    staggered(work, len(times), 0.0)
    return sorted(found)


def share(found):
    return sum(status >= 400 or status == 0 for _, _, status in found) / len(found)


if args.at_once:
    found = send([i * args.gap / 1e3 for i in range(args.at_once)])
    good = [(at, i) for at, i, status in found if 200 <= status < 400]
    bad = [(at, status) for at, _, status in found if not 200 <= status < 400]
    order = [i for _, i in good]
    results.tell(
        f"{args.at_once} at once",
        answered_ms=[round(1e3 * at) for at, _ in good],
        order=[i + 1 for i in order],
        inversions=inversions(order),
        refused=len(bad),
        refused_ms=[round(1e3 * at) for at, _ in bad],
        statuses=sorted({status for _, status in bad}),
    )
for rate in filter(None, args.rates.split(",")):
    found = send([i / float(rate) for i in range(args.count)])
    results.tell(f"evenly spaced at {rate}/s", sent=args.count, refused_share=round(share(found), 3))
for rate in filter(None, args.poisson.split(",")):
    draw, at, times = random.Random(1), 0.0, []
    for _ in range(args.count):
        at += draw.expovariate(float(rate))
        times.append(at)
    results.tell(f"Poisson arrivals at {rate}/s", sent=args.count, refused_share=round(share(send(times)), 3))
results.end()
