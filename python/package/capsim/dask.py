"""Sweeps on Dask: ``capsim.dask.sweep(client, model, vary=…)`` and the program ``capsim-dask``.

The client ships the package and the plan, hands out batches of cells, verifies every line that comes back, and appends
it to a store. Workers need Dask and nothing else: no capsim, no shared file system. Whatever is lost on the way is run
again; what is done stays done (docs/cluster/dask.md).
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import CapsimError, Model, Plan, Segment, Values, _identity, _ship, frame
from ._capsim import failed_line, read_line
from ._progress import Bar
from .answers import INTERRUPTED, INVALID, command

if TYPE_CHECKING:
    import pandas
    from distributed import Client

#: Exit code: cells are missing, run it again.
RUN_AGAIN = 75
#: Most cells of a batch.
MOST = 20_000
#: Seconds that a batch should take for each thread of the cluster. The scheduler spends some 7 ms on a task: with
#: this, a third of its time, however many workers there are.
SECONDS_A_THREAD = 0.02
#: Batches that a thread of a worker has or waits for.
IN_FLIGHT = 2
#: How often a single cell may take its worker with it.
DEATHS = 3


#: Settings of Dask with which its processes take a quarter of what they take by default while cells are run: a worker
#: waits for the process that runs cells, and nothing is to be seen in it (docs/cluster/dask.md).
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "5s",
}


class NoWorkers(CapsimError):
    """Nobody works: cells are left. What is done is in the store, and the same call goes on there."""


@dataclass
class Report:
    """What a run on Dask did."""

    #: Cells of the plan.
    cells: int
    #: Of them, there before.
    before: int
    #: Run now.
    run: int = 0
    #: Gave no result: number of the cell, and why.
    failed: list[tuple[int, str]] | None = None
    #: Batches that came back.
    batches: int = 0
    #: Batches lost with a worker or the scheduler, or not as they were written.
    lost: int = 0
    seconds: float = 0.0


def sweep(
    client: Client | None,
    model: Model | Plan,
    vary: Mapping[str, Values] | None = None,
    *,
    store: str | os.PathLike[str] | None = None,
    memory: str | None = None,
    batch_seconds: float = 2.0,
    worker_timeout: float = 60.0,
    retry_failed: bool = False,
    progress: bool = True,
    points: bool = False,
    **more: Any,
) -> pandas.DataFrame:
    """Runs a sweep on Dask: the table that ``model.sweep`` gives, byte by byte.

    :param client: a client of a scheduler; ``None`` starts a cluster on this machine.
    :param model: a model and ``vary`` and the other arguments of ``Model.sweep``, or a plan.
    :param store: where results are kept, to be gone on with; a directory that is thrown away unless said.
    :param memory: most memory of a cell, such as ``"2G"``. One that needs more fails alone.
    :param batch_seconds: how long a batch should take. Shorter ones are shared out better, longer ones cost less.
    :param worker_timeout: seconds without any worker after which it gives up.

    Raises :class:`NoWorkers` if it gave up, and :class:`CapsimError` with a list if cells failed; what is done is in the
    store.
    """
    if isinstance(model, Plan):
        if vary or more:
            raise CapsimError("a plan says what varies: leave out vary and the other arguments")
        plan = model
    else:
        plan = model.plan(vary, **more)
    with tempfile.TemporaryDirectory(prefix="capsim-") as place:
        root = Path(store) if store is not None else Path(place, "store")
        with _connected(client) as connect:
            run(
                connect,
                plan,
                root,
                memory=memory,
                batch_seconds=batch_seconds,
                worker_timeout=worker_timeout,
                retry_failed=retry_failed,
                progress=progress,
            )
        out = Path(place, "rows.csv")
        command(["store", "merge", str(root), "--plan", plan.id, "--out", str(out)])
        return frame((out.with_suffix(".points.csv") if points else out).read_bytes())


def _local_cluster() -> Any:
    """A worker for each core of this machine."""
    import dask.config
    from distributed import LocalCluster

    with dask.config.set(QUIET):
        return LocalCluster(threads_per_worker=1, dashboard_address=None)


class _connected:
    """A client, given or of a cluster of this machine."""

    def __init__(self, client: Client | None) -> None:
        self.client = client
        self.own: list[Any] = []

    def __enter__(self) -> Callable[[], Client]:
        client = self.client
        if client is None:
            from distributed import Client

            cluster = _local_cluster()
            client = Client(cluster)
            self.own = [client, cluster]
        return lambda: client

    def __exit__(self, *_: object) -> None:
        for one in self.own:
            one.close()


def run(
    connect: Callable[[], Client],
    plan: Plan,
    store: str | os.PathLike[str],
    *,
    memory: str | None = None,
    batch_seconds: float = 2.0,
    worker_timeout: float = 60.0,
    retry_failed: bool = False,
    progress: bool = True,
) -> Report:
    """Runs the cells that a store does not have. ``connect`` gives a client, again after a scheduler was lost."""
    start = time.monotonic()
    Path(store).mkdir(parents=True, exist_ok=True)
    segment = Segment(store, plan)
    todo = plan.missing(store, retry_failed)
    report = Report(cells=len(plan), before=len(plan) - len(todo), failed=[])
    with Bar(len(plan), "cells", shown=progress) as bar:
        bar.at(report.before)
        if todo:
            _Run(connect, plan, segment, memory, batch_seconds, worker_timeout, report, bar).all(todo)
    report.seconds = time.monotonic() - start
    return report


class _Lines:
    """A plan as it comes on standard input: its first line, and some cells of it."""

    def __init__(self, lines: Iterable[str]) -> None:
        texts = [line.rstrip("\n") for line in lines]
        # Blocks of a plan, put together, have the first line several times.
        self.lines = [text for text in texts if text and not text.startswith('{"capsim_plan"')]
        firsts = [text for text in texts if text.startswith('{"capsim_plan"')]
        if not firsts:
            raise CapsimError("standard input does not begin with the first line of a plan")
        self.header = firsts[0]
        self.id = str(json.loads(self.header)["id"])
        self.keys = [str(json.loads(line)["key"]) for line in self.lines]

    def __len__(self) -> int:
        return len(self.lines)

    def line(self, cell: int) -> str:
        """The line of a cell."""
        return self.lines[cell]

    def key(self, cell: int) -> str:
        """The key of a cell."""
        return self.keys[cell]


class _Printed:
    """Standard output in the place of a segment."""

    def add(self, lines: bytes) -> None:
        """Prints lines of results."""
        sys.stdout.buffer.write(lines)
        sys.stdout.buffer.flush()


class _Run:
    """A run under way."""

    def __init__(
        self,
        connect: Callable[[], Client],
        plan: Plan | _Lines,
        segment: Segment | _Printed,
        memory: str | None,
        batch_seconds: float,
        worker_timeout: float,
        report: Report,
        bar: Bar,
    ) -> None:
        self.connect = connect
        self.plan = plan
        self.segment = segment
        self.memory = memory
        self.batch_seconds = batch_seconds
        self.worker_timeout = worker_timeout
        self.report = report
        self.bar = bar
        self.done: queue.Queue[tuple[int, Any]] = queue.Queue()
        self.flying: dict[Any, tuple[int, list[int]]] = {}
        self.deaths: dict[int, int] = {}
        #: Which client the batches were given to: those of a former one do not come back.
        self.era = 0
        #: Seconds of a cell, guessed until one has come back.
        self.cost: float | None = None
        self.client: Client
        self.header: Any
        self.task = _ship.ByValue(_ship.run_batch)
        self.slots = 1

    def all(self, todo: list[int]) -> None:
        """Runs all cells."""
        # Cells that are to be run one by one go first, so that nobody waits for them at the end.
        self.single: deque[int] = deque()
        self.todo = deque(todo)
        self.attach()
        seen = time.monotonic()
        try:
            while self.todo or self.single or self.flying:
                self.slots = self.threads()
                if self.slots:
                    seen = time.monotonic()
                elif time.monotonic() - seen > self.worker_timeout:
                    left = len(self.todo) + len(self.single) + sum(len(c) for _, c in self.flying.values())
                    raise NoWorkers(
                        f"no worker has come for {self.worker_timeout:g} s: {left} cells are left. "
                        "Those that are done are in the store, and the same command goes on there"
                    )
                self.hand_out()
                self.take_back()
        finally:
            self.forget()

    def attach(self) -> None:
        """Connects, and brings what workers need, now and to those that join later."""
        import cloudpickle

        cloudpickle.register_pickle_by_value(_ship)
        self.era += 1
        deadline = time.monotonic() + self.worker_timeout
        while True:
            try:
                self.client = self.connect()
                self.client.register_plugin(_ship.Ship(_identity.digest(), _identity.files()))
                # A task, not scattered data: whatever worker holds it may be lost.
                self.header = self.client.submit(
                    _ship.ByValue(_ship.text), self.plan.header, key=f"capsim-plan-{self.plan.id}"
                )
                return
            except TypeError as why:  # what it was asked for cannot be
                raise CapsimError(f"no connection can be made: {why}") from why
            except Exception as why:  # there are many ways to find nobody
                if time.monotonic() > deadline:
                    raise NoWorkers(f"no scheduler answers: {why}") from why
                time.sleep(0.5)

    def threads(self) -> int:
        """Threads of all workers. Connects again if the scheduler was lost."""
        try:
            if self.client.status == "running":
                return sum(self.client.nthreads().values())
        except (OSError, TimeoutError, RuntimeError):
            pass
        self.lose_all()
        self.attach()
        return 0

    def lose_all(self) -> None:
        """All batches under way are to be run again: nobody will answer."""
        for _, cells in self.flying.values():
            self.report.lost += 1
            self.todo.extendleft(reversed(cells))
        self.flying.clear()

    def hand_out(self) -> None:
        """Gives each thread a batch to work at and one to go on with."""
        while len(self.flying) < IN_FLIGHT * self.slots and (self.todo or self.single):
            if self.single:
                cells = [self.single.popleft()]
            else:
                cells = [self.todo.popleft() for _ in range(min(self.size(), len(self.todo)))]
            lines = [self.plan.line(cell) for cell in cells]
            try:
                future = self.client.submit(self.task, self.header, lines, self.memory, pure=False, retries=0)
            except (OSError, RuntimeError):
                self.todo.extendleft(reversed(cells))
                return
            self.flying[future.key] = (self.era, cells)
            future.add_done_callback(lambda future, era=self.era: self.done.put((era, future)))

    def size(self) -> int:
        """Cells of the next batch: as many as take the wanted time, and few enough that all have work to the end."""
        if self.cost is None:
            return 1
        share = -(-len(self.todo) // (IN_FLIGHT * self.slots))
        seconds = max(self.batch_seconds, SECONDS_A_THREAD * self.slots)
        return max(1, min(MOST, share, int(seconds / self.cost)))

    def take_back(self) -> None:
        """Waits a moment for batches, and keeps what they gave."""
        try:
            era, future = self.done.get(timeout=0.5)
        except queue.Empty:
            return
        parts = bytearray()
        while True:
            found = self.flying.pop(future.key, None) if era == self.era else None
            if found is not None:
                parts += self.result(future, found[1])
            try:
                era, future = self.done.get_nowait()
            except queue.Empty:
                break
        if parts:
            self.segment.add(bytes(parts))
            self.bar.at(self.report.before + self.report.run)

    def result(self, future: Any, cells: list[int]) -> bytes:
        """What a batch gave: the lines that are good. The others are run again."""
        if future.status != "finished":
            self.lost(future, cells)
            return b""
        try:
            lines, seconds = future.result()
        except (OSError, TimeoutError, RuntimeError):
            # Finished, and lost on the way.
            self.report.lost += 1
            self.todo.extendleft(reversed(cells))
            return b""
        good, missing = self.verify(lines, cells)
        self.report.batches += 1
        self.report.run += len(cells) - len(missing)
        if missing:
            self.report.lost += 1
            self.todo.extendleft(reversed(missing))
        new = seconds / len(cells)
        self.cost = new if self.cost is None else max(1e-6, 0.7 * self.cost + 0.3 * new)
        return good

    def verify(self, lines: bytes, cells: list[int]) -> tuple[bytes, list[int]]:
        """The good lines of these cells, and the cells that have none."""
        wanted = {self.plan.key(cell): cell for cell in cells}
        good = bytearray()
        for line in lines.splitlines(keepends=True):
            read = read_line(line)
            cell = wanted.pop(read[0], None) if read else None
            if read is None or cell is None:
                continue
            good += line
            if read[1] is not None and self.report.failed is not None:
                self.report.failed.append((cell, read[1]))
        return bytes(good), sorted(wanted.values())

    def lost(self, future: Any, cells: list[int]) -> None:
        """A batch that gave nothing: its worker or the scheduler was lost, or it is of no use."""
        self.report.lost += 1
        if future.status in ("cancelled", "lost"):
            self.todo.extendleft(reversed(cells))
            return
        why = future.exception()
        if type(why).__name__ == "PlanMismatch":
            raise why
        if type(why).__name__ != "KilledWorker":
            raise CapsimError(f"a worker cannot run cells: {type(why).__name__}: {why}") from why
        # Several workers were lost with it: find the cell that does that.
        for cell in cells:
            self.deaths[cell] = self.deaths.get(cell, 0) + 1
        if len(cells) > 1:
            self.single.extend(cells)
        elif self.deaths[cells[0]] < DEATHS:
            self.single.append(cells[0])
        else:
            text = f"its worker was lost each time, {self.deaths[cells[0]]} times"
            self.segment.add(failed_line(self.plan.key(cells[0]), text))
            self.report.run += 1
            if self.report.failed is not None:
                self.report.failed.append((cells[0], text))

    def forget(self) -> None:
        """Takes back what nobody waits for."""
        try:
            if self.client.status == "running":
                self.client.cancel([self.header], force=True)
        except Exception:  # the scheduler may be gone
            pass


def main(arguments: list[str] | None = None) -> int:
    """The program ``capsim-dask``."""
    parser = argparse.ArgumentParser(
        prog="capsim-dask",
        description="Runs the cells of a plan on Dask and keeps their results in a store.",
        epilog="Exit codes: 0 done; 75 cells are missing, run it again; 104 a cell failed or the plan is of no use; "
        "105 interrupted; 2 wrong usage; 1 anything else.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("run", help="run what the store does not have", epilog=parser.epilog)
    one.add_argument("plan", type=Path, metavar="PLAN", help="what `capsim sweep --plan` wrote; its first line counts")
    one.add_argument("--store", type=Path, required=True, metavar="DIR", help="where results are kept")
    one.add_argument("--out", type=Path, metavar="FILE.csv", help="merge at the end")
    one.add_argument("--force", action="store_true", help="overwrite files that exist")
    one.add_argument("--retry-failed", action="store_true", help="run cells again that failed")
    one.add_argument("-q", "--quiet", action="store_true", help="no progress")
    one.set_defaults(work=_run_command)
    filter = commands.add_parser(
        "cells",
        help="run lines of a plan from standard input and print results, as `capsim cells` does: "
        "for `capsim capacity --runner 'capsim-dask cells --scheduler tcp://…'`",
        epilog=parser.epilog,
    )
    filter.set_defaults(work=_cells_command)
    for each in (one, filter):
        each.add_argument("--scheduler", metavar="tcp://HOST:PORT", help="default: a cluster on this machine")
        each.add_argument("--tls-ca", metavar="FILE", help="certificate of who signed the scheduler's, for tls://…")
        each.add_argument("--tls-cert", metavar="FILE", help="own certificate")
        each.add_argument("--tls-key", metavar="FILE", help="own key")
        each.add_argument("--memory", metavar="SIZE", help="most memory of a cell, such as 2G: one that needs more fails alone")
        each.add_argument("--batch-seconds", type=float, default=2.0, metavar="S", help="how long a batch should take (2)")
        each.add_argument("--worker-timeout", type=float, default=60.0, metavar="S", help="give up without workers after (60)")
    given = parser.parse_args(arguments)
    if given.scheduler and given.scheduler.startswith("tls:") and not given.tls_ca:
        parser.error("a scheduler at tls://… needs --tls-ca, --tls-cert and --tls-key")
    try:
        return int(given.work(given))
    except KeyboardInterrupt:
        print("interrupted; what is done is in the store, and the same command goes on there", file=sys.stderr)
        return INTERRUPTED
    except NoWorkers as why:
        print(f"error: {why}", file=sys.stderr)
        return RUN_AGAIN
    except CapsimError as why:
        print(f"error: {str(why).removeprefix('error: ')}", file=sys.stderr)
        return int(getattr(why, "code", INVALID))
    except OSError as why:
        print(f"error: {why}", file=sys.stderr)
        return 1


def _run_command(given: argparse.Namespace) -> int:
    with given.plan.open(encoding="utf-8") as file:
        plan = Plan.parse(file.readline().rstrip("\n"))
    with _Connections(given) as connect:
        report = run(
            connect,
            plan,
            given.store,
            memory=given.memory,
            batch_seconds=given.batch_seconds,
            worker_timeout=given.worker_timeout,
            retry_failed=given.retry_failed,
            progress=not given.quiet,
        )
    failed = report.failed or []
    if not given.quiet:
        again = f", {report.lost} batches lost and run again" if report.lost else ""
        print(
            f"{report.cells} cells: {report.before} there before, {report.run} run in {report.seconds:.1f} s "
            f"in {report.batches} batches{again}, {len(failed)} failed",
            file=sys.stderr,
        )
    for cell, why in failed[:10]:
        values, replication = plan.values(cell)
        print(f"cell {cell} ({', '.join(values)}, replication {replication}): {why}", file=sys.stderr)
    if given.out is None:
        return INVALID if failed else 0
    line = ["store", "merge", str(given.store), "--plan", plan.id, "--out", str(given.out)]
    done = command([*line, "--force"] if given.force else line)
    print(done.stdout, end="")
    return 0


def _cells_command(given: argparse.Namespace) -> int:
    lines = _Lines(sys.stdin)
    report = Report(cells=len(lines), before=0, failed=[])
    with _Connections(given) as connect, Bar(len(lines), "cells", shown=False) as bar:
        run = _Run(connect, lines, _Printed(), given.memory, given.batch_seconds, given.worker_timeout, report, bar)
        run.all(list(range(len(lines))))
    return INVALID if report.failed else 0


class _Connections:
    """Clients of a scheduler that may be lost and started again, or of a cluster of this machine."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.client: Any = None
        self.cluster: Any = None

    def __enter__(self) -> Callable[[], Client]:
        import dask.config

        dask.config.set(QUIET)
        return self.connect

    def connect(self) -> Client:
        """A client that is connected, a new one if the last one is closed."""
        from distributed import Client
        from distributed.security import Security

        if self.client is not None and self.client.status == "running":
            return self.client  # type: ignore[no-any-return]
        if self.client is not None and self.client.status == "connecting":
            raise TimeoutError("the scheduler is away")
        address = self.given.scheduler
        if address is None and self.cluster is None:
            self.cluster = _local_cluster()
        security = None
        if self.given.tls_ca:
            security = Security(
                tls_ca_file=self.given.tls_ca,
                tls_client_cert=self.given.tls_cert,
                tls_client_key=self.given.tls_key,
                require_encryption=True,
            )
        self.client = Client(address or self.cluster, security=security, timeout=5, set_as_default=False)
        return self.client  # type: ignore[no-any-return]

    def __exit__(self, *_: object) -> None:
        for one in (self.client, self.cluster):
            if one is not None:
                try:
                    one.close(timeout=5)
                except (OSError, TimeoutError, RuntimeError):
                    pass


if __name__ == "__main__":
    sys.exit(main())
