"""Answers of studies as data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from . import _capsim
from ._capsim import CapsimError, ModelError

if TYPE_CHECKING:
    import pandas

    from . import Model

#: Exit codes of the command line: the model or an option is invalid, the program was interrupted.
INVALID, INTERRUPTED = 104, 105


@dataclass(frozen=True)
class Capacity:
    """How far a value can go. ``print`` shows what ``capsim capacity`` prints."""

    #: What was varied.
    path: str
    #: The value that passes for sure (99 %) and is nearest to the limit.
    passing: float | None
    #: The value that fails for sure and is nearest to the limit.
    failing: float | None
    #: Where the mean margin of the worst threshold changes its sign.
    estimate: float | None
    #: The value in the model as it stands.
    now: float | None
    #: The threshold that breaks first.
    breaks: str | None
    #: What limits there, and how much of it is used.
    bottleneck: tuple[str, float] | None
    #: Runs simulated.
    runs: int
    #: Value, runs, runs that met every threshold, whether the mean does.
    tried: list[tuple[float, int, int, bool]] = field(repr=False)
    text: str = field(repr=False)

    def table(self) -> pandas.DataFrame:
        """The values tried, in ascending order."""
        import pandas

        return pandas.DataFrame(self.tried, columns=["value", "runs", "passing_runs", "holds"])

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Cheapest:
    """The cheapest design that meets all thresholds. ``print`` shows what ``capsim capacity --minimise cost`` prints."""

    #: Its values by path; ``None`` if no design is known to pass.
    design: dict[str, str] | None
    text: str = field(repr=False)
    table_csv: bytes = field(repr=False)

    def table(self) -> pandas.DataFrame:
        """The designs tried, in ascending order of cost."""
        from . import frame

        return frame(self.table_csv)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Fit:
    """A model fitted to measured runs. ``print`` shows what ``capsim fit`` prints."""

    #: The fitted model.
    model: Model
    #: The same as a TOML file.
    toml: str = field(repr=False)
    text: str = field(repr=False)
    table_csv: bytes = field(repr=False)

    def table(self) -> pandas.DataFrame:
        """Measured and simulated numbers of all runs."""
        from . import frame

        return frame(self.table_csv)

    def __str__(self) -> str:
        return self.text


def command(arguments: Sequence[str], also: Sequence[int] = ()) -> subprocess.CompletedProcess[str]:
    """Runs capsim's command line. Ctrl+C ends it, too; what it refuses is raised with its words.

    :param also: exit codes other than 0 that come with an answer.
    """
    line = [sys.executable, "-m", "capsim", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode == 0 or done.returncode in also:
        return done
    if done.returncode in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    text = done.stderr.strip() or f"capsim ended with {done.returncode}"
    refused = (ModelError if done.returncode == INVALID else CapsimError)(text)
    refused.code = done.returncode  # type: ignore[attr-defined]
    raise refused


def _named(model: Model, place: str) -> list[str]:
    """The arguments that stand for a model."""
    path = model._path
    if path is None:
        path = Path(place, "model.toml")
        path.write_text(model._native.contents()[1], encoding="utf-8")
    line = [os.fspath(path)]
    line += [f"--set={change}" for change in model.changes]
    line += [f"--allow-path={os.fspath(p)}" for p in model._allow_paths]
    return line


def cheapest(model: Model, vary: Sequence[str], *, seed: int, runs: int, precision: float) -> Cheapest:
    """Runs ``capsim capacity --minimise cost``."""
    import csv

    with tempfile.TemporaryDirectory(prefix="capsim-") as place:
        out = Path(place, "designs.csv")
        line = ["capacity", *_named(model, place), "--minimise=cost", "--out", str(out)]
        line += [f"--vary={text}" for text in vary]
        line += [f"--seed={seed}", f"--budget=runs={runs}", f"--precision={precision!r}"]
        done = command(line, also=[1])
        if not out.exists():
            raise CapsimError(done.stderr.strip())
        table = out.read_bytes()
        design = None
        for row in csv.DictReader(table.decode().splitlines()):
            if row["cheapest"] == "1":
                design = {text.split("=", 1)[0]: row[text.split("=", 1)[0]] for text in vary}
        return Cheapest(design, done.stdout, table)


def fit(
    model: Model,
    *,
    to: Sequence[str | os.PathLike[str]],
    free: Mapping[str, str],
    holdout: Sequence[str | os.PathLike[str]],
    window: str | None,
    seed: int,
    runs: int,
    replications: int,
) -> Fit:
    """Runs ``capsim fit``. Runs are named from the current directory, data files of the model from its own."""
    from . import Model

    with tempfile.TemporaryDirectory(prefix="capsim-") as place:
        name, _, files = model._native.contents()
        fitted, table = Path(place, "fitted.toml"), Path(place, "table.csv")
        line = ["fit", *_named(model, place), "--out", str(fitted), "--table", str(table)]
        line += [f"--to={os.fspath(run)}" for run in to] + [f"--holdout={os.fspath(run)}" for run in holdout]
        line += [f"--free={path}={values}" for path, values in free.items()]
        line += [f"--window={window}"] if window else []
        line += [f"--seed={seed}", f"--budget=runs={runs}", f"--replications={replications}"]
        done = command(line)
        text = fitted.read_text(encoding="utf-8")
        # With the data files that were read with the model.
        native = _capsim.Model.from_contents(name, text, files)
        return Fit(Model(native), text, done.stdout, table.read_bytes())
