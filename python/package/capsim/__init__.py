"""capsim runs a k6 load test in virtual time against a model of your system.

>>> import capsim
>>> model = capsim.Model.load("models/token.toml")
>>> run = model.set("load", 1.2).run(seed=42)
>>> run["http_req_duration_p95_ms"], run.passed
>>> table = model.sweep(vary={"load": "0.2..2:0.2"}, replications=5)

Results are those of the program ``capsim``, byte by byte. What it refuses is raised with the same words.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _capsim
from ._capsim import CapsimError, ModelError, Plan, PlanMismatch, Run, Samples, Segment, __version__
from ._progress import Bar
from .answers import Capacity, Cheapest, Fit, cheapest, fit

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Capacity",
    "CapsimError",
    "Cheapest",
    "Fit",
    "Model",
    "ModelError",
    "Plan",
    "PlanMismatch",
    "Run",
    "Samples",
    "Segment",
    "Sweep",
    "__version__",
    "requests",
]

#: The values of one path: ``"0.2..2:0.2"`` as on the command line, or a list.
Values = str | float | int | Iterable[Any]


def written(value: Any) -> str:
    """A value as ``--set`` takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        # As short as it can be read back, and whole numbers without a point: what a range gives, too.
        return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(written(v) for v in value) + "]"
    if hasattr(value, "item"):  # a number of numpy
        return written(value.item())
    return str(value)


def vary_texts(vary: Mapping[str, Values]) -> list[str]:
    """What varies, as ``--vary`` takes it."""

    def values(of: Values) -> str:
        if isinstance(of, Iterable) and not isinstance(of, str):
            return ",".join(written(value) for value in of)
        return written(of)

    return [f"{path}={values(of)}" for path, of in vary.items()]


class Model:
    """A valid model. It never changes: :meth:`set` gives another one."""

    def __init__(self, native: _capsim.Model, path: Path | None = None, allow_paths: Sequence[Path] = ()) -> None:
        self._native = native
        self._path = path
        self._allow_paths = tuple(allow_paths)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, allow_paths: Iterable[str | os.PathLike[str]] = ()) -> Model:
        """Reads a model file. Data files that it names lie beside it, or in ``allow_paths``.

        Raises :class:`ModelError` with everything that is wrong with it.
        """
        allowed = [Path(p) for p in allow_paths]
        return cls(_capsim.Model.load(Path(path), allowed), Path(path), allowed)

    @classmethod
    def parse(cls, text: str) -> Model:
        """Reads a model from TOML text. It names no data files."""
        return cls(_capsim.Model.parse(text))

    def set(self, path: str, value: Any) -> Model:
        """The model with one value changed: ``model.set("stations.cpu.servers", 4)``, ``model.set("load", 1.5)``."""
        return Model(self._native.set(path, written(value)), self._path, self._allow_paths)

    @property
    def name(self) -> str:
        """As the model says, else that of its file."""
        return self._native.name

    @property
    def warnings(self) -> list[str]:
        """What is doubtful about the model, one line each."""
        return self._native.warnings

    @property
    def changes(self) -> list[str]:
        """What :meth:`set` changed, as ``--set`` takes it."""
        return self._native.changes

    def parameters(self) -> list[str]:
        """Paths of all values that the model gives."""
        return self._native.parameters()

    def run(self, *, seed: int = 1, replication: int = 0, samples: bool = True) -> Run:
        """One run. Without ``samples`` durations are counted in a histogram: percentiles are at most 0.4 % off."""
        return self._native.run(seed, replication, samples)

    def plan(
        self,
        vary: Mapping[str, Values] | None = None,
        *,
        design: pandas.DataFrame | str | os.PathLike[str] | None = None,
        zip: bool = False,
        lhs: int | None = None,
        replications: int = 1,
        seed: int = 1,
        steady: bool = False,
    ) -> Plan:
        """A sweep as a list of cells, for an engine of yours. Arguments are those of :meth:`sweep`."""
        if design is not None and (vary or lhs is not None or zip):
            raise CapsimError("design gives all values: leave out vary, zip and lhs")
        text: str | None = None
        if isinstance(design, (str, os.PathLike)):
            text = Path(design).read_text(encoding="utf-8")
        elif design is not None:
            text = design.map(written).to_csv(index=False)
        return self._native.plan(
            vary_texts(vary or {}),
            design=text,
            zip=zip,
            lhs=lhs,
            replications=replications,
            seed=seed,
            steady=steady,
        )

    def sweep(
        self,
        vary: Mapping[str, Values] | None = None,
        *,
        design: pandas.DataFrame | str | os.PathLike[str] | None = None,
        zip: bool = False,
        lhs: int | None = None,
        replications: int = 1,
        seed: int = 1,
        steady: bool = False,
        threads: int | None = None,
        progress: bool = True,
        points: bool = False,
    ) -> pandas.DataFrame:
        """Runs the model at many points: a row for each (point, replication), or with ``points`` one for each point.

        :param vary: values by path, every combination: ``{"load": "0.2..2:0.2", "stations.cpu.servers": [1, 2]}``.
        :param design: the points themselves, a table or a CSV file with a column for each path.
        :param zip: take the values of all paths side by side.
        :param lhs: a Latin hypercube of so many points over the ranges.
        :param threads: all cores unless said; never changes a result.

        Columns are those of docs/csv.md; times are in the unit that the name ends with.
        """
        plan = self.plan(
            vary, design=design, zip=zip, lhs=lhs, replications=replications, seed=seed, steady=steady
        )
        result = run_plan(plan, threads=threads, progress=progress)
        return result.points() if points else result.rows()

    def capacity(
        self,
        path: str = "load",
        low: float = 0.1,
        high: float = 3.0,
        *,
        minimise: bool = False,
        seed: int = 1,
        runs: int = 200,
        precision: float = 1.0,
        progress: bool = True,
    ) -> Capacity:
        """The largest value that meets all thresholds, or with ``minimise`` the smallest.

        :param precision: relative width at which the search ends, in per cent.
        :param runs: how many runs may be simulated.
        """
        with Bar(runs, "runs", shown=progress) as bar:
            told = self._native.capacity(
                path, low, high, minimise=minimise, seed=seed, runs=runs, precision=precision, progress=bar.at
            )
        return Capacity(**told)

    def cheapest(
        self,
        vary: Mapping[str, Values],
        *,
        seed: int = 1,
        runs: int = 1000,
        precision: float = 1.0,
    ) -> Cheapest:
        """The cheapest design by the model's prices that meets all thresholds, as ``capsim capacity --minimise cost``.

        :param vary: values by path, from the weakest to the strongest: ``{"stations.cpu.servers": "1..8"}``.
        :param runs: how many runs may be simulated.
        :param precision: the difference of costs that does not matter, in per cent.
        """
        return cheapest(self, vary_texts(vary), seed=seed, runs=runs, precision=precision)

    def fit(
        self,
        to: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        free: Mapping[str, str],
        *,
        holdout: Iterable[str | os.PathLike[str]] = (),
        window: str | None = None,
        seed: int = 1,
        runs: int = 1500,
        replications: int = 4,
    ) -> Fit:
        """Fits parameters to measured runs, as ``capsim fit`` does.

        :param to: what k6 left of a test, one file or several.
        :param free: ranges by path: ``{"endpoints.buy.**.mean": "1ms..50ms"}``.
        """
        return fit(
            self,
            to=[to] if isinstance(to, (str, os.PathLike)) else list(to),
            free=free,
            holdout=list(holdout),
            window=window,
            seed=seed,
            runs=runs,
            replications=replications,
        )

    def __repr__(self) -> str:
        return repr(self._native)


def requests(run: Run) -> pandas.DataFrame:
    """Every request of a run as a frame, whose durations are capsim's own memory: nothing is copied.

    ``pandas.DataFrame.from_arrow(run.samples)`` gives the same numbers, and copies them into a block of its own.
    """
    import pyarrow

    if run.samples is None:
        raise CapsimError("the requests of this run were not kept: leave out samples=False")
    # A block for each column: several in one would have to be copied together.
    return pyarrow.table(run.samples).to_pandas(split_blocks=True)  # type: ignore[no-any-return]


class Sweep:
    """What a sweep gave: two tables, as text and as frames."""

    def __init__(self, rows: bytes, points: bytes) -> None:
        #: The bytes that ``capsim sweep --out`` writes.
        self.rows_csv = rows
        #: The bytes of its file of points.
        self.points_csv = points

    def rows(self) -> pandas.DataFrame:
        """A row for each (point, replication)."""
        return frame(self.rows_csv)

    def points(self) -> pandas.DataFrame:
        """A row for each point, with means, intervals and verdicts."""
        return frame(self.points_csv)

    def write(self, out: str | os.PathLike[str]) -> None:
        """Writes both files as ``capsim sweep --out`` names them."""
        path = Path(out)
        path.write_bytes(self.rows_csv)
        path.with_suffix(".points.csv").write_bytes(self.points_csv)


def frame(csv: bytes) -> pandas.DataFrame:
    """A CSV file of capsim as a frame. Fingerprints and checksums stay text."""
    import pandas

    # Numbers are read back exactly; from version 3 on pandas does that by itself.
    exactly = {"float_precision": "round_trip"} if int(pandas.__version__.split(".")[0]) < 3 else {}
    text = {"fingerprint": "string", "checksum": "string"}
    return pandas.read_csv(io.BytesIO(csv), dtype=text, **exactly)  # type: ignore[call-overload,no-any-return]


def run_plan(plan: Plan, *, threads: int | None = None, progress: bool = True) -> Sweep:
    """Runs all cells of a plan on this machine."""
    with Bar(len(plan), "cells", shown=progress) as bar:
        rows, points = plan.run(threads, bar.at)
    return Sweep(rows, points)
