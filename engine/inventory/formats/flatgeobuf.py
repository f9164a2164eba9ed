"""FlatGeobuf: one file with a spatial index, for the web and for millions."""

from __future__ import annotations

from pathlib import Path

import pyogrio

from engine.events import Reporter
from engine.files import atomic_path
from engine.inventory.inventory import Inventory


def write(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    """Write the landslides with all their columns."""
    # An index needs at least one feature.
    options = {"SPATIAL_INDEX": "YES" if len(selection) else "NO"}
    with atomic_path(out) as temporary:
        pyogrio.write_dataframe(
            selection.landslides,
            temporary,
            driver="FlatGeobuf",
            layer=out.stem,
            layer_options=options,
            geometry_type="MultiPolygon",
        )
    return [out]
