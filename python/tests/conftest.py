"""What all tests share: small models, and the command line to compare with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

MODEL = """
[scenarios.default]
executor = "open-arrivals"
rate = 20
duration = "2s"
journey = "j"
[journeys]
j = [{ request = "page" }]
[stations.cpu]
servers = 1
[endpoints.page]
visits = [{ station = "cpu", time = { empirical = { file = "times.csv", unit = "ms" } } }]
[thresholds]
http_req_duration = ["p(95)<60"]
"""

VARY = {"load": "0.5..1.5:0.25", "stations.cpu.servers": [1, 2]}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a model and its data file."""
    (tmp_path / "m.toml").write_text(MODEL)
    (tmp_path / "times.csv").write_text("ms\n5\n12.5\n40\n")
    return tmp_path


def capsim(place: Path, *line: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a directory."""
    done = subprocess.run([sys.executable, "-m", "capsim", *line], cwd=place, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done


def local(place: Path, replications: int) -> bytes:
    """The rows of the sweep of VARY by the command line."""
    vary = ["--vary", "load=0.5..1.5:0.25", "--vary", "stations.cpu.servers=1,2"]
    capsim(place, "sweep", "m.toml", *vary, "--replications", str(replications), "-q", "--force", "--out", "x.csv")
    return (place / "x.csv").read_bytes()
