"""An inventory in the formats of other programs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from pyogrio.errors import DataLayerError, DataSourceError

from engine.errors import ConfigError
from engine.events import SILENT, Reporter
from engine.files import output_error
from engine.inventory import formats
from engine.inventory.inventory import Inventory
from engine.status import STATUSES


def export_inventory(
    inventory: Inventory,
    out: Path,
    *,
    status: Sequence[str] | None = None,
    reporter: Reporter = SILENT,
) -> list[Path]:
    """Write an inventory in the format that the suffix names.

    Args:
        inventory: What is written.
        out: Its suffix is one of :data:`engine.inventory.formats.FORMATS`; its folder must exist.
            An inventory that is there already stays beside as ``NAME.previous.gpkg``.
        status: Only landslides of these review statuses; by default all, or in formats for the
            public all that count as landslides.
        reporter: Receives warnings.

    Returns:
        The files written.

    Raises:
        ConfigError: The suffix or a status is unknown.
        OutputError: It cannot be written.
        InventoryError: There is a GeoPackage of that name that is no inventory.
    """
    chosen = formats.by_suffix(out.suffix)
    if chosen is None:
        raise ConfigError(f"{out.name} names no known format; end it in {formats.listed()}.")
    known = [one.name for one in STATUSES]
    unknown = sorted(set(status or ()) - set(known))
    if unknown:
        raise ConfigError(
            f"There is no review status {', '.join(unknown)}; choose from {', '.join(known)}."
        )
    table = inventory.confirmed if chosen.confirmed and not status else inventory.landslides
    table = table[table["status"].isin(status)] if status else table
    selection = inventory.with_landslides(table.reset_index(drop=True))
    try:
        writer = import_module(f"{formats.__name__}.{chosen.module}")
        files: list[Path] = writer.write(selection, out, reporter)
    except (DataSourceError, DataLayerError) as error:
        raise output_error(out, error) from error
    return files
