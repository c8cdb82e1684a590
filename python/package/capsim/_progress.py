"""Progress by tqdm, where that is installed."""

from __future__ import annotations

from typing import Any


class Bar:
    """A bar of so many steps; silent without tqdm."""

    def __init__(self, total: int, unit: str, *, shown: bool = True) -> None:
        self._bar: Any = None
        if shown:
            try:
                from tqdm.auto import tqdm
            except ImportError:
                return
            # On a terminal or in a notebook; logs stay short.
            self._bar = tqdm(total=total, unit=f" {unit}", disable=None, leave=False)

    def at(self, done: int) -> None:
        """So many steps are done."""
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def say(self, text: str) -> None:
        """A few words behind the bar."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
