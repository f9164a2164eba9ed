"""The notebooks of the documentation run, and are stored with what they print."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "docs" / "notebooks").glob("*.ipynb"))


# The kernel's libraries warn of themselves; what a notebook shows is checked below.
@pytest.mark.filterwarnings("default")
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path) -> None:
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    client = NotebookClient(fresh, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()  # raises where a cell does
    for before, after in zip(stored.cells, fresh.cells, strict=True):
        assert kinds(before) == kinds(after), before.source


def kinds(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell shows: text, tables, pictures; not what libraries grumble.

    What one cell prints may arrive in one piece or in several.
    """
    shown: list[str] = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            if output.name == "stdout" and shown[-1:] != ["text"]:
                shown.append("text")
        else:
            shown.append(max(output.data))
    return shown
