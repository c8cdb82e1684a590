"""What goes to a Dask worker by value, because capsim may not be there yet. Imports nothing of capsim at its top."""

from __future__ import annotations

import os
from typing import Any

from distributed.diagnostics.plugin import WorkerPlugin


class Ship(WorkerPlugin):  # type: ignore[misc]
    """Brings the package to a worker that has none, or another one; also to workers that join later."""

    name = "capsim"

    def __init__(self, digest: str, files: dict[str, bytes]) -> None:
        self.digest = digest
        self.files = files
        self.name = f"capsim-{digest[:16]}"

    def setup(self, worker: Any) -> None:
        """Unpacks the package beside the worker's own files, unless it is the same already."""
        import importlib
        import sys

        try:
            import capsim._identity as known

            if known.digest() == self.digest:
                return
        except ImportError:
            pass
        root = os.path.join(worker.local_directory, self.name)
        os.makedirs(os.path.join(root, "capsim"), exist_ok=True)
        for name, content in self.files.items():
            path = os.path.join(root, "capsim", name)
            with open(path + ".part", "wb") as file:
                file.write(content)
            os.replace(path + ".part", path)
        for module in [m for m in sys.modules if m == "capsim" or m.startswith("capsim.")]:
            del sys.modules[module]
        sys.path.insert(0, root)
        importlib.invalidate_caches()


class ByValue:
    """Pickles a function with its code, for schedulers and workers that cannot import it."""

    def __init__(self, function: Any) -> None:
        import cloudpickle

        self.function = function
        self.code = cloudpickle.dumps(function)

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        import pickle

        return pickle.loads, (self.code,)


def run_batch(header: str, lines: list[str], memory: str | None) -> tuple[bytes, float]:
    """Runs cells on a worker: their results, and how many seconds that took."""
    import time

    from capsim._cells import run

    start = time.perf_counter()
    return run(header, lines, memory), time.perf_counter() - start


def text(of: str) -> str:
    """The first line of a plan, as a task: the scheduler can have it made again, wherever it was lost."""
    return of
