"""The table of NASA's landslide repository (COOLR)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.events import Reporter
from engine.files import atomic_path
from engine.inventory.formats.degrees import inner_points
from engine.inventory.inventory import Inventory, text_of

COOLR_COLUMNS = (
    "source_name",
    "source_link",
    "event_id",
    "event_date",
    "event_time",
    "event_title",
    "event_description",
    "location_description",
    "location_accuracy",
    "landslide_category",
    "landslide_trigger",
    "landslide_size",
    "landslide_setting",
    "fatality_count",
    "injury_count",
    "storm_name",
    "photo_link",
    "notes",
    "longitude",
    "latitude",
)
COOLR_CATEGORIES = {
    "fall": "rock_fall",
    "topple": "topple",
    "rotational-slide": "rotational_slide",
    "translational-slide": "translational_slide",
    "compound-slide": "landslide",
    "spread": "landslide",
    "debris-flow": "debris_flow",
    "mud-flow": "mudslide",
    "earthflow": "earth_flow",
    "debris-avalanche": "landslide",
    "dry-flow": "other",
    "slope-deformation": "creep",
    "complex": "complex",
    "unknown": "unknown",
}
COOLR_TRIGGERS = {
    "rainfall": "rain",
    "earthquake": "earthquake",
    "snowmelt": "snowfall_snowmelt",
    "volcanic": "volcano",
    "river": "flooding",
    "human": "construction",
    "other": "other",
    "unknown": "unknown",
}
COOLR_SIZES = (
    (1e3, "small"),
    (1e4, "medium"),
    (1e5, "large"),
    (1e6, "very_large"),
    (np.inf, "catastrophic"),
)
"""Upper limits in m². COOLR describes its classes in words; these limits are ours."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Starts from which spreadsheets take a text for a formula and run it."""


def write(selection: Inventory, out: Path, reporter: Reporter) -> list[Path]:
    """Write a row for each landslide, with a point inside it."""
    undated = 0
    with atomic_path(out) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        rows = csv.DictWriter(file, COOLR_COLUMNS, restval="")
        rows.writeheader()
        table = selection.landslides
        for lon, lat, (_, row) in zip(*inner_points(selection), table.iterrows(), strict=True):
            record = {name: defused(text) for name, text in _row(row).items()}
            undated += not record["event_date"]
            rows.writerow({**record, "longitude": f"{lon:.6f}", "latitude": f"{lat:.6f}"})
    if undated:
        reporter.warn(
            f"{undated} landslides have no date, which COOLR requires; fill in `Not before` or `Not"
            " after`.",
            "export-undated",
        )
    return [out]


def defused(text: str) -> str:
    """The text, with an apostrophe before what would run as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _row(row: pd.Series[Any]) -> dict[str, str]:
    first, last = text_of(row["date_from"]), text_of(row["date_to"])
    span = f" Between {first} and {last}." if first and last and first != last else ""
    probability = (
        f", mean probability {row['prob_mean']:.2f}" if np.isfinite(row["prob_mean"]) else ""
    )
    return {
        "source_name": " ".join(
            v for v in ("l4s", text_of(row["engine"]), text_of(row["model"])) if v
        ),
        "event_id": str(row["id"]),
        "event_date": last or first,
        "event_title": text_of(row["event"]) or f"Landslide {row['id']}",
        "event_description": (
            f"Mapped from satellite images: {row['area_m2']:.0f} m²{probability}, review status"
            f" {row['status']}.{span}"
        ),
        "location_accuracy": "exact",
        "landslide_category": COOLR_CATEGORIES.get(row["ls_type"], "unknown"),
        "landslide_trigger": COOLR_TRIGGERS.get(row["trigger"], "unknown"),
        "landslide_size": next(name for limit, name in COOLR_SIZES if not row["area_m2"] >= limit),
        "notes": text_of(row["notes"]),
    }
