"""Dask: whatever is lost on the way, the merged file has the bytes of the sweep on one machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cloudpickle
import pytest

import capsim
import capsim.dask
from capsim import _cells, _ship
from conftest import MODEL, VARY, local
from conftest import capsim as command

distributed = pytest.importorskip("distributed")


class Cluster:
    """A scheduler and workers as processes of their own, as `dask scheduler` and `dask worker` start them."""

    def __init__(self, place: Path, *tls: str) -> None:
        self.place = place
        self.tls = list(tls)
        self.address = ""
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *line: str) -> subprocess.Popen[bytes]:
        log = (self.place / f"{line[0]}-{len(self.processes)}.log").open("wb")
        # Away from here: a worker has no capsim in its current directory.
        line = (sys.executable, "-m", "dask", *line, *self.tls)
        process = subprocess.Popen(line, stdout=log, stderr=log, cwd=self.place)
        self.processes.append(process)
        return process

    def scheduler(self, port: int = 0) -> subprocess.Popen[bytes]:
        file = self.place / "scheduler.json"
        file.unlink(missing_ok=True)
        scheme = "tls" if self.tls else "tcp"
        address = [f"--host={scheme}://127.0.0.1", f"--port={port}"]
        process = self.start("scheduler", *address, "--no-dashboard", "--scheduler-file", str(file))
        wait_for(lambda: file.exists() and file.stat().st_size > 0)
        import json

        self.address = json.loads(file.read_text())["address"]
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        there = ["--no-nanny", "--nthreads=1", "--no-dashboard", f"--local-directory={self.place}"]
        return self.start("worker", self.address, *there)

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()


def wait_for(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.stop()


@contextmanager
def running(place: Path, *line: str) -> Iterator[subprocess.Popen[str]]:
    """`capsim-dask run` under way."""
    arguments = [sys.executable, "-m", "capsim.dask", "run", "plan.jsonl", "--store", "s", "-q", *line]
    child = subprocess.Popen(arguments, cwd=place, stderr=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def done(place: Path) -> int:
    """Lines of results in the store."""
    segments = (place / "s" / "segments").glob("*.rows") if (place / "s").is_dir() else []
    return sum(segment.read_bytes().count(b"\n") - 1 for segment in segments)


def plan_of(place: Path, replications: int) -> capsim.Plan:
    plan = capsim.Model.load(place / "m.toml").plan(VARY, replications=replications)
    (place / "plan.jsonl").write_text(plan.header + "\n")
    return plan


def merged(place: Path) -> bytes:
    command(place, "store", "merge", "s", "--out", "merged.csv")
    return (place / "merged.csv").read_bytes()


def test_a_sweep_on_a_cluster_is_the_local_one(place: Path, cluster: Cluster) -> None:
    cluster.scheduler()
    workers = [cluster.worker() for _ in range(2)]
    model = capsim.Model.load(place / "m.toml")
    with distributed.Client(cluster.address, set_as_default=False) as client:
        table = capsim.dask.sweep(
            client, model, VARY, replications=3, store=place / "s", batch_seconds=0.1, progress=False
        )
        expected = local(place, 3)
        assert table.equals(capsim.frame(expected))
        assert merged(place) == expected
        # What is there is not run again; new replications are.
        report = capsim.dask.run(
            lambda: client, model.plan(VARY, replications=4), place / "s", batch_seconds=0.1, progress=False
        )
        assert (report.cells, report.before, report.run, report.failed) == (40, 30, 10, [])
    assert all(worker.poll() is None for worker in workers)


def test_what_is_lost_is_run_again(place: Path, cluster: Cluster) -> None:
    """3,000 cells; a worker killed, one that joins late, a scheduler killed and started again, a segment damaged."""
    plan = plan_of(place, 300)
    assert len(plan) == 3000
    scheduler = cluster.scheduler()
    port = int(cluster.address.rsplit(":", 1)[1])
    first, _ = cluster.worker(), cluster.worker()
    with running(place, "--scheduler", cluster.address, "--batch-seconds", "0.05") as child:
        wait_for(lambda: done(place) > 300)
        first.send_signal(signal.SIGKILL)
        cluster.worker()
        before = done(place)
        wait_for(lambda: done(place) > before + 300)
        scheduler.kill()
        scheduler.wait()
        assert child.poll() is None, "it was over before the scheduler was lost"
        cluster.scheduler(port)
        cluster.worker()
        child.wait(timeout=300)
        assert child.returncode == 0, child.stderr.read() if child.stderr else ""
    assert done(place) == len(plan), "nothing lost, nothing doubled"
    expected = local(place, 300)
    assert merged(place) == expected
    segment = next((place / "s" / "segments").iterdir())
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    command(place, "store", "merge", "s", "--out", "n.csv", code=75)
    command(place, "store", "repair", "s")
    for kind in ("csv", "points.csv", "study.json"):
        (place / f"merged.{kind}").unlink()
    with running(place, "--scheduler", cluster.address) as child:
        assert child.wait(timeout=300) == 0
    assert done(place) == len(plan), "one cell was run again"
    assert merged(place) == expected
    assert (place / "merged.points.csv").read_bytes() == (place / "x.points.csv").read_bytes()


def test_a_poison_cell_among_3000_fails_alone(place: Path, cluster: Cluster) -> None:
    """A cell that needs more memory than it may: it is reported, and the rows of all others have the local bytes."""
    users_model(place)
    rows = [f"{2 + n % 3},{1 + n // 3}" for n in range(3000)]
    poison = 1500

    def design(row: str) -> str:
        head = "scenarios.default.vus,stations.cpu.servers"
        return "\n".join([head, *rows[:poison], row, *rows[poison + 1 :]]) + "\n"

    (place / "good.csv").write_text(design(rows[poison]))
    (place / "poisoned.csv").write_text(design("5000000,7"))
    command(place, "sweep", "m.toml", "--design", "good.csv", "-q", "--out", "x.csv")
    command(place, "sweep", "m.toml", "--design", "poisoned.csv", "--plan", "plan.jsonl")
    cluster.scheduler()
    for _ in range(2):
        cluster.worker()
    with running(place, "--scheduler", cluster.address, "--memory", "400M") as child:
        assert child.wait(timeout=300) == capsim.dask.INVALID
        assert child.stderr is not None
        said = child.stderr.read()
    assert said.count("\n") == 1 and f"cell {poison} (" in said and "at most 400M of memory" in said, said
    assert done(place) == 3000
    status = command(place, "store", "status", "s", code=104).stdout
    assert "cells: 2999 done, 0 missing, 1 failed" in status and "0 there twice" in status
    command(place, "store", "merge", "s", "--out", "merged.csv", "--with-failed")
    for name in ("csv", "points.csv"):
        merged = (place / f"merged.{name}").read_bytes().splitlines()
        expected = (place / f"x.{name}").read_bytes().splitlines()
        other = [n for n, (a, b) in enumerate(zip(merged, expected, strict=True)) if a != b]
        assert other == [poison + 1], name


def test_a_study_runs_on_a_cluster(place: Path, cluster: Cluster) -> None:
    """`capsim explain --runner 'capsim-dask cells …'`: the same bytes, and nothing of it here."""
    cluster.scheduler()
    cluster.worker()
    line = ["explain", "m.toml", "--replications", "2"]
    runner = f"{sys.executable} -m capsim.dask cells --batch-seconds 0.1 --scheduler {cluster.address}"
    expected = command(place, *line).stdout
    assert command(place, *line, "--runner", runner).stdout == expected
    said = command(place, *line, "--runner", f"{runner} --memory 1M", code=104).stderr
    assert "a run failed: its process ended with at most 1M of memory" in said


def test_it_gives_up_when_nobody_comes(place: Path, cluster: Cluster) -> None:
    plan_of(place, 1)
    cluster.scheduler()
    with running(place, "--scheduler", cluster.address, "--worker-timeout", "1") as child:
        assert child.wait(timeout=120) == capsim.dask.RUN_AGAIN
        assert child.stderr is not None and "no worker has come" in child.stderr.read()
    with running(place, "--scheduler", "tcp://127.0.0.1:9", "--worker-timeout", "1") as child:
        assert child.wait(timeout=120) == capsim.dask.RUN_AGAIN
        assert child.stderr is not None and "no scheduler answers" in child.stderr.read()


def users_model(place: Path) -> None:
    """A model whose memory grows with its number of users."""
    model = MODEL.replace('executor = "open-arrivals"\nrate = 20', 'executor = "constant-vus"\nvus = 2')
    model = model.replace('j = [{ request = "page" }]', 'j = [{ request = "page" }, { sleep = "1s" }]')
    (place / "m.toml").write_text(model)


def greedy(place: Path) -> capsim.Plan:
    """A plan one of whose cells needs much more memory than the others: it makes thousands of users."""
    users_model(place)
    return capsim.Model.load(place / "m.toml").plan({"scenarios.default.vus": [2, 3, 5_000_000, 4]})


def test_a_cell_that_needs_too_much_memory_fails_alone(place: Path) -> None:
    plan = greedy(place)
    lines = [plan.line(cell) for cell in range(len(plan))]
    results = _cells.run(plan.header, lines, "400M").splitlines(keepends=True)
    read = [capsim._capsim.read_line(line) for line in results]
    assert [entry and entry[0] for entry in read] == [plan.key(cell) for cell in range(len(plan))]
    failed = [cell for cell, entry in enumerate(read) if entry and entry[1] is not None]
    assert failed == [2]
    assert "at most 400M of memory, 2 times: killed by signal 6" in (read[2] or ("", ""))[1]
    _cells.close()


def test_a_damaged_batch_is_run_again(place: Path) -> None:
    plan = plan_of(place, 1)
    good = _cells.run(plan.header, [plan.line(cell) for cell in range(3)])
    _cells.close()
    segment = capsim.Segment(place / "s", plan)
    report = capsim.dask.Report(cells=len(plan), before=0, failed=[])
    run = capsim.dask._Run(lambda: None, plan, segment, None, 1, 1, report, capsim._progress.Bar(1, "", shown=False))
    damaged = bytearray(good)
    damaged[len(good) // 2] ^= 1
    kept, missing = run.verify(bytes(damaged), [0, 1, 2])
    assert missing == [1] and kept.count(b"\n") == 2
    # A line of a cell that was not asked for is not an answer.
    assert run.verify(good, [0, 7]) == (good.splitlines(keepends=True)[0], [7])
    with pytest.raises(capsim.PlanMismatch):
        segment.add(bytes(damaged))


def test_the_package_goes_to_workers_that_have_none(place: Path, cluster: Cluster, tmp_path: Path) -> None:
    """A worker whose Python finds no capsim: an empty package hides the installed one."""
    hidden = tmp_path / "hidden" / "capsim"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('there is no capsim here')\n")
    cluster.scheduler()
    os.environ["PYTHONPATH"], old = str(hidden.parent), os.environ.get("PYTHONPATH")
    try:
        cluster.worker()
    finally:
        os.environ.pop("PYTHONPATH")
        if old is not None:
            os.environ["PYTHONPATH"] = old
    model = capsim.Model.load(place / "m.toml")
    with distributed.Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        table = capsim.dask.sweep(client, model, {"load": [0.5, 1]}, progress=False)
        assert len(table) == 2
        cloudpickle.register_pickle_by_value(sys.modules[__name__])
        where = client.submit(_ship.ByValue(_file_of_capsim), pure=False).result()
    assert str(cluster.place) in where


def _file_of_capsim() -> str:
    import capsim

    return str(capsim.__file__)


def test_tls(place: Path, tmp_path: Path) -> None:
    openssl = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=capsim -keyout key.pem -out cert.pem"
    subprocess.run(openssl.split(), cwd=tmp_path, check=True, capture_output=True)
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    tls = ("--tls-ca-file", cert, "--tls-cert", cert, "--tls-key", key)
    (tmp_path / "dask").mkdir()
    cluster = Cluster(tmp_path / "dask", *tls)
    try:
        cluster.scheduler()
        assert cluster.address.startswith("tls://")
        cluster.worker()
        plan_of(place, 1)
        own = ["--tls-ca", cert, "--tls-cert", cert, "--tls-key", key]
        with running(place, "--scheduler", cluster.address, "--out", "merged.csv", *own) as child:
            assert child.wait(timeout=120) == 0, child.stderr.read() if child.stderr else ""
        assert (place / "merged.csv").read_bytes() == local(place, 1)
        with running(place, "--scheduler", cluster.address) as child:
            assert child.wait(timeout=120) == 2, "without certificates"
            assert child.stderr is not None and "needs --tls-ca" in child.stderr.read()
    finally:
        cluster.stop()
