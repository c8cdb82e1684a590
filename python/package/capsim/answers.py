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


def command(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Runs capsim's command line. Ctrl+C ends it, too; what it refuses is raised with its words."""
    line = [sys.executable, "-m", "capsim", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done
    if done.returncode in (INTERRUPTED, -signal.SIGINT):
        raise KeyboardInterrupt
    text = done.stderr.strip() or f"capsim ended with {done.returncode}"
    refused = (ModelError if done.returncode == INVALID else CapsimError)(text)
    refused.code = done.returncode  # type: ignore[attr-defined]
    raise refused


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
        path = model._path
        name, text, files = model._native.contents()
        if path is None:
            path = Path(place, "model.toml")
            path.write_text(text, encoding="utf-8")
        fitted, table = Path(place, "fitted.toml"), Path(place, "table.csv")
        line = ["fit", os.fspath(path), "--out", str(fitted), "--table", str(table)]
        line += [f"--set={change}" for change in model.changes]
        line += [f"--allow-path={os.fspath(p)}" for p in model._allow_paths]
        line += [f"--to={os.fspath(run)}" for run in to] + [f"--holdout={os.fspath(run)}" for run in holdout]
        line += [f"--free={path}={values}" for path, values in free.items()]
        line += [f"--window={window}"] if window else []
        line += [f"--seed={seed}", f"--budget=runs={runs}", f"--replications={replications}"]
        done = command(line)
        text = fitted.read_text(encoding="utf-8")
        # With the data files that were read with the model.
        native = _capsim.Model.from_contents(name, text, files)
        return Fit(Model(native), text, done.stdout, table.read_bytes())
