"""What this copy of the package is made of."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def files() -> dict[str, bytes]:
    """All files that the package needs, by name."""
    here = Path(__file__).parent
    wanted = [p for p in sorted(here.iterdir()) if p.suffix in (".py", ".so", ".pyd", ".dylib")]
    return {path.name: path.read_bytes() for path in wanted}


@cache
def digest() -> str:
    """SHA-256 of their names and contents."""
    total = hashlib.sha256()
    for name, content in files().items():
        total.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return total.hexdigest()
