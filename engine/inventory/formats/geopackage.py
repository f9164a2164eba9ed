"""GeoPackage: an inventory again, with its area and its runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.events import Reporter
from engine.inventory.inventory import Inventory
from engine.inventory.provenance import counts
from engine.inventory.storage.geopackage import write_geopackage


def write(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    """Write the landslides; the record counts those that are in the file."""
    run = {**selection.run, **counts(selection.landslides)}
    return [
        write_geopackage(replace(selection, run=run), out, keep_reviews=False, reporter=reporter)
    ]
