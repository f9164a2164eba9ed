"""The report's tables: largest landslides, fits, review."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from engine.inventory.inventory import Inventory, text_of
from engine.inventory.schema import STATUS
from engine.inventory.values import FLAGS
from engine.report.html import paragraph, table
from engine.report.statistics import (
    Parameter,
    Summary,
)

LARGEST = 15


def largest_table(inventory: Inventory) -> str:
    """HTML table of the largest landslides, with the columns that are known."""
    columns = {
        "id": ("Nr", 0),
        "area_m2": ("Area m²", 0),
        "length_m": ("Length m", 0),
        "width_m": ("Width m", 0),
        "relief_m": ("Relief m", 0),
        "slope_deg": ("Slope °", 0),
        "aspect_deg": ("Aspect °", 0),
        "prob_mean": ("Probability", 2),
        "status": ("Status", None),
        "flags": ("Flags", None),
    }
    top = inventory.confirmed.nlargest(LARGEST, "area_m2")
    shown = {name: head for name, head in columns.items() if top[name].notna().any()}
    rows = [
        [_cell(row[name], digits) for name, (_, digits) in shown.items()]
        for _, row in top.iterrows()
    ]
    numeric = [digits is not None for _, digits in shown.values()]
    return table([head for head, _ in shown.values()], rows, numeric)


def _cell(value: Any, digits: int | None) -> str:
    if digits is None:
        return escape(text_of(value).replace(";", ", "))
    return "" if value is None or not np.isfinite(value) else f"{value:,.{digits}f}"


def size_text(summary: Summary) -> str:
    """HTML of what the fits of sizes say, and of what speaks against them."""
    parts = [paragraph(summary.warning, important=True)] if summary.warning else []
    gamma, law = summary.inverse_gamma, summary.power_law
    rows = []
    if gamma is not None:
        rows += [
            [
                "Inverse gamma: tail exponent −(ρ + 1)",
                fitted(gamma.rho, sign=-1, shift=-1),
                "−2.40",
            ],
            ["Inverse gamma: a (rollover), km²", fitted(gamma.a_km2), "1.28e-3"],
            ["Inverse gamma: s, km²", fitted(gamma.s_km2, scale=gamma.truncation_km2), "−1.32e-4"],
        ]
    if law is not None:
        rows.append(
            [
                f"Power-law tail above {law.cutoff_km2 * 1e6:,.0f} m² ({law.count} landslides)",
                fitted(law.exponent, sign=-1),
                "−2.40",
            ]
        )
    if rows:
        parts.append(
            table(
                ["Maximum-likelihood fit", "Estimate (95 % interval)", "Malamud et al. 2004"],
                rows,
                [False, True, True],
            )
        )
        parts.append(
            paragraph(
                "Inventories from satellite images lack small landslides, so their rollover lies at"
                " larger areas than in field inventories."
            )
        )
    return "".join(parts)


def fitted(p: Parameter, *, sign: int = 1, shift: int = 0, scale: float = 0.0) -> str:
    """A parameter with its interval, or that the areas do not determine it."""
    if not p.determined(scale):
        return "not determined by these areas"
    value, low, high = (sign * v + shift for v in (p.value, p.low, p.high))
    low, high = min(low, high), max(low, high)
    return f"{value:.3g} ({low:.3g} to {high:.3g})".replace("-", "−").replace("e−", "e-")


def review_tables(inventory: Inventory) -> str:
    """HTML tables of review statuses and flags with their counts."""
    status = inventory.landslides["status"].value_counts()
    rows = [[escape(text), str(int(status.get(name, 0)))] for name, text in STATUS.items()]
    flags = inventory.landslides["flags"].fillna("").str.split(";").explode().value_counts()
    marked = [
        [name, escape(text), str(int(flags[name]))] for name, text in FLAGS.items() if name in flags
    ]
    text = table(["Review status", "Landslides"], rows, [False, True])
    return text + (
        table(["Flag", "Meaning", "Landslides"], marked, [False, False, True]) if marked else ""
    )
