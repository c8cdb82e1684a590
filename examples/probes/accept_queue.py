#!/usr/bin/env python3
"""What a client sees when an accept queue is full: how many connect at once, and when the others come again.

Stops the processes --pid (SIGSTOP) so that nobody accepts, lets --clients connect, and lets them go on (SIGCONT) after
--pause seconds. Without --pid it listens itself with --backlog and accepts after --pause seconds.

    accept_queue.py --backlog 1
    accept_queue.py --address 127.0.0.1:8080 --pid "$(pgrep -P "$(cat nginx.pid)")"
"""

import argparse
import os
import platform
import signal
import socket
import threading
import time

from common import Results, arguments, loopback, staggered

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--address", help="host:port on this machine of the server whose processes are stopped")
parser.add_argument("--pid", help="processes that accept, separated by commas or spaces")
parser.add_argument("--backlog", type=int, default=1, help="of the probe's own listener (1)")
parser.add_argument("--clients", type=int, default=6, help="how many connect at once (6), at most 100")
parser.add_argument("--pause", type=float, default=1.5, help="seconds until connections are accepted (1.5), at most 20")
args = arguments(parser)
args.clients, args.pause = min(args.clients, 100), min(args.pause, 20.0)

own = None
pids = [int(pid) for pid in (args.pid or "").replace(",", " ").split()]
if bool(pids) != bool(args.address):
    parser.error("--address and --pid go together: the server, and its processes that accept")
if args.address:
    address = loopback(args.address, 80)
else:
    own = socket.socket()
    own.bind(("127.0.0.1", 0))
    own.listen(args.backlog)
    address = own.getsockname()

connected, answered = {}, {}


def client(i, start):
    connection = socket.create_connection(address, timeout=30)
    connected[i] = time.monotonic() - start
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    connection.settimeout(30)
    if connection.recv(1):
        answered[i] = time.monotonic() - start
    connection.close()


def serve(until):
    """Answers whoever is accepted."""
    time.sleep(max(0.0, until - time.monotonic()))
    own.settimeout(15)
    for _ in range(args.clients):
        try:
            connection, _ = own.accept()
        except OSError:
            return
        connection.recv(4096)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        connection.close()


def goes_on(until):
    time.sleep(max(0.0, until - time.monotonic()))
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


begin = 0.2
for pid in pids:
    os.kill(pid, signal.SIGSTOP)
try:
    opens = threading.Thread(target=goes_on if pids else serve, args=(time.monotonic() + begin + args.pause,))
    opens.start()
    staggered(client, args.clients, 0.0005, begin)
    opens.join()
finally:
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
late = sorted(1e3 * at for at in connected.values() if at > 0.5)
steps = [round(1e3 * (answered[i] - max(connected[i], args.pause))) for i in sorted(answered)]
results = Results("accept_queue", args.name or f"Linux {platform.release().split('-')[0]}", args.out)
results.tell(
    f"{'backlog ' + str(args.backlog) if own else args.address}, accepts from {args.pause} s",
    connected_at_once=sum(at <= 0.5 for at in connected.values()),
    connected_late_ms=[round(at) for at in late],
    answered_after_ms=steps,
    half_open=sum(step > 150 for step in steps),
)
results.end()
