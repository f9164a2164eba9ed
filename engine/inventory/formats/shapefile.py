"""Shapefile, with a table that explains its short names."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio

from engine.events import Reporter
from engine.files import naming_failures, real_path, work_folder
from engine.inventory.inventory import Inventory, text_of
from engine.inventory.schema import BY_NAME, FIELDS

LONGEST_TEXT = 254
"""Longest text that a Shapefile's table holds, in bytes."""
INDEXES = (".qix", ".sbn", ".sbx")
"""Indexes that an earlier Shapefile of the name may have, and that do not fit a new one."""


def write(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    """Write the landslides.

    An earlier Shapefile of that name stays until the new one is whole.
    """
    out = real_path(out)
    table = selection.landslides
    names = {
        name: BY_NAME[name].shapefile_name if name in BY_NAME else name[:10]
        for name in table.columns
        if name != "geometry"
    }
    long = [name for name in names if _longest(table[name]) > LONGEST_TEXT]
    if long:
        reporter.warn(
            f"A Shapefile cuts text after {LONGEST_TEXT} bytes; shortened: {', '.join(long)}.",
            "export-shortened",
        )
        table = table.assign(**{name: [_cut(text) for text in table[name]] for name in long})
    short = table.rename(columns=names)
    for name in short.select_dtypes("bool"):
        short[name] = short[name].astype("int32")
    with naming_failures(out), work_folder(out) as folder:
        new, old = folder / "new", folder / "old"
        new.mkdir()
        old.mkdir()
        pyogrio.write_dataframe(
            short,
            new / out.name,
            driver="ESRI Shapefile",
            layer_options={"ENCODING": "UTF-8"},
            geometry_type="MultiPolygon",
        )
        _field_key(names, new / f"{out.stem}_fields.csv")
        return _put(new, old, out)


def _put(new: Path, old: Path, out: Path) -> list[Path]:
    """Move all parts over those of an earlier Shapefile, or none.

    Several files cannot be renamed at once. Each is renamed over the one of its name, the .shp
    last, so that at no moment there is none.
    """
    for suffix in INDEXES:
        out.with_suffix(suffix).unlink(missing_ok=True)
    parts = sorted(new.iterdir(), key=lambda part: part.suffix == ".shp")
    places = [out.parent / part.name for part in parts]
    for place in places:
        if place.exists():
            _second_name(place, old / place.name)
    try:
        for part, place in zip(parts, places, strict=True):
            part.replace(place)
    except OSError:
        for place in places:
            if (old / place.name).exists():
                (old / place.name).replace(place)
            else:
                place.unlink(missing_ok=True)
        raise
    return places


def _second_name(file: Path, name: Path) -> None:
    """Give a file a second name; a copy where there are no links."""
    try:
        os.link(file, name)
    except OSError:
        shutil.copy2(file, name)


def _field_key(names: dict[str, str], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["shapefile_name", "name", "alias", "unit", "description", "values"])
        for f in FIELDS:
            values = "; ".join(f"{value} = {label}" for value, label in f.values.items())
            rows.writerow(
                [
                    names.get(f.name, f.shapefile_name),
                    f.name,
                    f.alias,
                    f.unit,
                    f.description,
                    values,
                ]
            )


def _cut(text: Any) -> str | None:
    return text_of(text).encode()[:LONGEST_TEXT].decode(errors="ignore") or None


def _longest(values: pd.Series[Any]) -> int:
    if values.dtype.kind in "ifb":
        return 0
    return max((len(text_of(text).encode()) for text in values), default=0)
