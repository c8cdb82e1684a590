"""Runs cells in processes of their own: ``capsim cells``, kept for the next cells of the same plan.

A cell that needs too much memory, or whatever else ends its process, takes nothing with it but itself.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO

from . import _capsim

#: Lines that may be on their way to a process: less than a pipe holds.
AHEAD = 32
#: How often a cell is tried whose process ended.
TRIES = 2

_lock = threading.Lock()
_idle: dict[tuple[str, str | None], list[Process]] = {}


class Process:
    """A ``capsim cells`` that has read the first line of a plan."""

    def __init__(self, header: str, memory: str | None) -> None:
        # A copy of the package that was sent to this worker is not in the path of others.
        package = str(Path(__file__).parent.parent)
        paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        limit = [f"--memory={memory}"] if memory else []
        self.errors: IO[bytes] = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "capsim", "cells", *limit],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            bufsize=1 << 16,
        )
        self.write(header)

    def write(self, line: str) -> None:
        """Sends a line, if anybody reads."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass

    def read(self) -> bytes:
        """The next whole line; nothing once the process has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return line if line.endswith(b"\n") else b""

    def end(self) -> str:
        """Ends it, and says how it ended."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
        code = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read()[-400:].decode(errors="replace").strip()
        self.errors.close()
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}: {said}" if said else how


def run(header: str, lines: list[str], memory: str | None = None) -> bytes:
    """Runs lines of a plan: a line of results for each, in their order.

    A cell that ends its process is tried once more in a new one, alone; if it ends that, too, its line says so.
    """
    results: list[bytes] = []
    tries = 0
    while len(results) < len(lines):
        process = _take(header, memory)
        rest = lines[len(results) :] if tries == 0 else [lines[len(results)]]
        done = _run(process, rest)
        results += done
        if len(done) == len(rest):
            _put(header, memory, process)
            tries = 0
            continue
        how = process.end()
        if "exit code 104" in how or "exit code 2:" in how:
            raise _capsim.PlanMismatch(how)
        tries = 1 if done else tries + 1
        if tries >= TRIES:
            key = _key(lines[len(results)])
            limit = f" with at most {memory} of memory" if memory else ""
            results.append(_capsim.failed_line(key, f"its process ended{limit}, {tries} times: {how}"))
            tries = 0
    return b"".join(results)


def _run(process: Process, lines: list[str]) -> list[bytes]:
    """Results until the process ends."""
    results: list[bytes] = []
    sent = 0
    while len(results) < len(lines):
        while sent < len(lines) and sent - len(results) < AHEAD:
            process.write(lines[sent])
            sent += 1
        line = process.read()
        if not line:
            break
        results.append(line)
    return results


def _key(line: str) -> str:
    import json

    return str(json.loads(line)["key"])


def _take(header: str, memory: str | None) -> Process:
    with _lock:
        idle = _idle.get((header, memory))
        if idle:
            return idle.pop()
        # Those of other plans are of no use any more.
        old = [p for key, processes in _idle.items() if key != (header, memory) for p in processes]
        for key in [key for key in _idle if key != (header, memory)]:
            del _idle[key]
    for process in old:
        process.end()
    return Process(header, memory)


def _put(header: str, memory: str | None, process: Process) -> None:
    with _lock:
        _idle.setdefault((header, memory), []).append(process)


@atexit.register
def close() -> None:
    """Ends all processes that wait for cells."""
    with _lock:
        old = [process for processes in _idle.values() for process in processes]
        _idle.clear()
    for process in old:
        process.end()
