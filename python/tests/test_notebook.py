"""The notebook runs from its first cell to its last, and draws its pictures."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

NOTEBOOK = Path(__file__).parents[1] / "examples" / "capacity.ipynb"


def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAPSIM_NOTEBOOK_RUNS", os.environ.get("CAPSIM_NOTEBOOK_RUNS", "2"))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": NOTEBOOK.parent}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 2
    for number, picture in enumerate(pictures):
        png = base64.b64decode(picture)
        assert png.startswith(b"\x89PNG") and len(png) > 10_000
        # Where somebody wants to look at them.
        if place := os.environ.get("CAPSIM_NOTEBOOK_PICTURES"):
            Path(place, f"capacity-{number}.png").write_bytes(png)
    text = "".join(output.get("text", "") for output in outputs)
    assert "largest passing" in text
