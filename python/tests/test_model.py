"""Models, runs and studies: what the command line gives, as data."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import capsim
from conftest import MODEL, ROOT, VARY, local
from conftest import capsim as command

TOKEN = ROOT / "models" / "token.toml"


def test_a_run_is_that_of_the_command_line(place: Path) -> None:
    model = capsim.Model.load(place / "m.toml")
    run = model.set("load", 1.5).run(seed=42)
    done = command(place, "run", "m.toml", "--seed", "42", "--set", "load=1.5", code=0 if run.passed else 99)
    assert f"fingerprint {run.fingerprint}" in done.stdout
    assert str(run) in done.stdout
    assert run.bottleneck in done.stdout
    assert run.end == "finished"
    assert run["http_reqs"] == run.metrics["http_reqs"] == len(run.samples)
    assert list(run.thresholds) == ["http_req_duration p(95)<60"]
    assert model.changes == [] and model.set("load", 1.5).changes == ["load=1.5"]
    assert model.run(samples=False).samples is None
    with pytest.raises(KeyError):
        run["no such number"]


def test_samples_are_shared_and_not_copied(place: Path) -> None:
    import pandas
    import polars
    import pyarrow

    run = capsim.Model.load(place / "m.toml").run()
    table = pyarrow.table(run.samples)
    assert table.column_names == ["duration_ms", "name", "scenario", "status"] == run.samples.columns
    series = table["duration_ms"].chunk(0).to_pandas(zero_copy_only=True)
    assert series.to_numpy().__array_interface__["data"][0] == run.samples.address
    assert isinstance(series, pandas.Series)
    assert series.mean() == pytest.approx(run["http_req_duration_avg_ms"], rel=1e-12)
    requests = capsim.requests(run)
    assert requests["duration_ms"].to_numpy().__array_interface__["data"][0] == run.samples.address
    assert list(requests.columns) == run.samples.columns and len(requests) == run["http_reqs"]
    with pytest.raises(capsim.CapsimError, match="were not kept"):
        capsim.requests(capsim.Model.load(place / "m.toml").run(samples=False))
    frame = polars.DataFrame(run.samples)
    shared = frame["duration_ms"].to_numpy(allow_copy=False)
    assert shared.__array_interface__["data"][0] == run.samples.address
    assert frame["name"].unique().to_list() == ["page"]
    assert set(frame["status"]) == {200}
    # The memory lives as long as somebody looks at it.
    expected = series.copy()
    del run, table, frame, shared, requests
    assert (series == expected).all()


def test_a_sweep_has_the_bytes_of_the_command_line(place: Path) -> None:
    model = capsim.Model.load(place / "m.toml")
    plan = model.plan(VARY, replications=3)
    seen: list[int] = []
    rows, points = plan.run(2, seen.append)
    assert rows == local(place, 3)
    assert points == (place / "x.points.csv").read_bytes()
    assert seen and seen[-1] == len(plan) == 30
    table = model.sweep(VARY, replications=3, progress=False)
    assert len(table) == 30 and list(table.columns) == plan.columns
    assert (table["http_reqs"] > 0).all()
    means = model.sweep(VARY, replications=3, progress=False, points=True)
    assert means["http_reqs"].iloc[0] == pytest.approx(table["http_reqs"][:3].mean())
    design = table[["load", "stations.cpu.servers"]].drop_duplicates()
    assert model.plan(design=design, replications=3).run(1)[0] == rows
    assert model.plan({"load": "0.5..2"}, lhs=5).columns[2] == "load"


def test_errors_have_the_words_of_the_command_line(place: Path) -> None:
    (place / "bad.toml").write_text(MODEL.replace("servers", "sevrers"))
    said = command(place, "run", "bad.toml", code=104).stderr
    with pytest.raises(capsim.ModelError, match="did you mean `servers`") as error:
        capsim.Model.load(place / "bad.toml")
    assert str(error.value).replace(str(place) + "/", "") == said.strip()
    model = capsim.Model.load(place / "m.toml")
    with pytest.raises(capsim.ModelError, match="did you mean `servers`"):
        model.set("stations.cpu.sevrers", 2)
    with pytest.raises(capsim.CapsimError, match="nothing to vary"):
        model.sweep()
    with pytest.raises(capsim.CapsimError, match="varied twice|range needs a step"):
        model.sweep({"load": "1..2"})
    with pytest.raises(capsim.PlanMismatch, match="first line of a plan"):
        capsim.Plan.parse("x")
    assert issubclass(capsim.ModelError, capsim.CapsimError)


def test_capacity_is_that_of_the_command_line(place: Path) -> None:
    model = capsim.Model.load(place / "m.toml").set("scenarios.default.duration", "20s")
    answer = model.capacity("load", 0.2, 4, runs=100, precision=10, progress=False)
    line = ["capacity", "m.toml", "--set", "scenarios.default.duration=20s", "--vary", "load=0.2..4"]
    assert str(answer) == command(place, *line, "--budget", "runs=100", "--precision", "10").stdout
    assert answer.passing is not None and answer.failing is not None and answer.passing < answer.failing
    table = answer.table()
    assert table["runs"].sum() == answer.runs
    assert answer.breaks is not None and "p(95)<60" in answer.breaks
    with pytest.raises(capsim.CapsimError, match="0 < low < high"):
        capsim.Model.load(place / "m.toml").capacity("load", 2, 1)


def test_the_cheapest_design_is_that_of_the_command_line(place: Path) -> None:
    prices = '[prices]\ncurrency = "EUR"\nserver_hours = { cpu = 0.3 }\n'
    (place / "priced.toml").write_text(MODEL + prices)
    model = capsim.Model.load(place / "priced.toml").set("scenarios.default.rate", 60)
    answer = model.cheapest({"stations.cpu.servers": "1..4"}, runs=100)
    line = ["capacity", "priced.toml", "--set", "scenarios.default.rate=60", "--minimise", "cost"]
    line += ["--vary", "stations.cpu.servers=1..4", "--budget", "runs=100"]
    assert str(answer) == command(place, *line).stdout
    assert answer.design is not None and 1 < int(answer.design["stations.cpu.servers"]) <= 4
    assert answer.table()["cheapest"].sum() == 1
    run = model.run()
    [(what, hours, unit, price, cost)] = run.bill
    assert (what, unit, price) == ("servers of cpu", "hours", 0.3) and cost == hours * price == run["cost"]
    assert capsim.Model.load(place / "m.toml").run().bill == []
    with pytest.raises(capsim.CapsimError, match="no \\[prices\\]"):
        capsim.Model.load(place / "m.toml").cheapest({"stations.cpu.servers": "1..4"})


def test_a_fit_gives_a_model(place: Path) -> None:
    command(place, "run", "m.toml", "-q", "--seed", "9", "--set", "stations.cpu.servers=2", "--summary-export", "r.json")
    model = capsim.Model.load(place / "m.toml")
    fitted = model.fit(place / "r.json", {"stations.cpu.servers": "1..4"}, runs=60, replications=2)
    assert "stations.cpu.servers" in fitted.text
    assert fitted.model.set("load", 2).run().passed == model.set("stations.cpu.servers", 2).set("load", 2).run().passed
    assert len(fitted.table()) > 3
    with pytest.raises(capsim.ModelError, match="cannot be read|No such file"):
        model.fit(place / "none.json", {"stations.cpu.servers": "1..4"})


def test_others_go_on_while_it_runs() -> None:
    model = capsim.Model.load(TOKEN).set("load", 0.05)
    turns, over = 0, threading.Event()

    def work() -> None:
        for seed in range(3):
            model.run(seed=seed, samples=False)
        over.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not over.is_set():
        turns += 1
        time.sleep(0.001)
    thread.join()
    assert turns > 3


@pytest.mark.parametrize("what", ["model.run()", "model.sweep({'load': '0.5..2:0.01'}, progress=False)"])
def test_an_interrupt_ends_it(what: str) -> None:
    script = f"""
import capsim, sys
model = capsim.Model.load({str(TOKEN)!r}).set("load", 40)
print("ready", flush=True)
try:
    {what}
except KeyboardInterrupt:
    sys.exit(42)
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=300) == 42


def test_types_hold() -> None:
    package = Path(__file__).parents[1] / "package" / "capsim"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--allow-untyped-calls", "--no-warn-unused-ignores", str(package)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
