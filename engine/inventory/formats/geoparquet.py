"""GeoParquet 1.1: a table for data science, with a box of each landslide."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from engine.errors import DependencyError
from engine.events import Reporter
from engine.files import atomic_path
from engine.inventory.inventory import Inventory


def write(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    """Write the landslides with all their columns.

    Raises:
        DependencyError: PyArrow is not installed.
    """
    if find_spec("pyarrow") is None:
        raise DependencyError(
            "PyArrow is not installed, which GeoParquet needs; install it with `pip install"
            " 'l4s-engine[parquet]'`, or export to .fgb, which holds the same."
        )
    with atomic_path(out) as temporary:
        selection.landslides.to_parquet(
            temporary, compression="zstd", schema_version="1.1.0", write_covering_bbox=True
        )
    return [out]
