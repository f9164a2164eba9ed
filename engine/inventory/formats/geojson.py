"""GeoJSON after RFC 7946: degrees, cut at the date line."""

from __future__ import annotations

from pathlib import Path

import pyogrio

from engine.events import Reporter
from engine.files import atomic_path
from engine.inventory.formats.degrees import in_degrees
from engine.inventory.inventory import Inventory


def write(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    """Write the landslides with all their columns."""
    with atomic_path(out) as temporary:
        pyogrio.write_dataframe(
            in_degrees(selection),
            temporary,
            driver="GeoJSON",
            layer=out.stem,
            layer_options={"RFC7946": "YES"},
            geometry_type="MultiPolygon",
        )
    return [out]
