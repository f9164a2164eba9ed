"""The record of a run as it stands in a file, made sure of.

Whoever reads a record may rely on this: what should be a group of values is one, lists hold what
they should, and numbers are finite. What is of another kind, because a file was edited or damaged,
is left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

GROUPS = ("parameters", "inputs", "masked_share", "stack_made_from")
"""Entries that are groups of values."""
LISTS_OF_GROUPS = ("models", "members", "merged")
NUMBERS = (
    "threshold",
    "area_km2",
    "landslides",
    "landslide_area_km2",
    "rejected",
    "slope_covered",
    "seconds",
    "kept_reviewed",
    "kept_outside",
)
INNER_GROUPS = (("parameters", ("polygons", "inference")),)
LISTS = ("channels", "missing_channels")
"""Entries of a member that are lists of names."""


def read_record(text: Any) -> dict[str, Any]:
    """The record in a text; empty where it is none."""
    try:
        record = json.loads(text, parse_constant=lambda _: None)
    except (TypeError, ValueError, RecursionError):
        return {}
    return sound(record) if isinstance(record, dict) else {}


def sound(record: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a record that are of the kind that they should be."""
    out = {name: value for name, value in record.items() if _fits(name, value)}
    for name, inner in INNER_GROUPS:
        if name in out:
            out[name] = {
                key: value
                for key, value in out[name].items()
                if key not in inner or isinstance(value, dict)
            }
    if "masked_share" in out:
        out["masked_share"] = {
            name: value if _is_number(value) else None
            for name, value in out["masked_share"].items()
        }
    if "stack_made_from" in out:
        made = out["stack_made_from"]
        out["stack_made_from"] = {
            name: _groups(value) if name in ("imagery", "before") else value
            for name, value in made.items()
        }
    for member in out.get("members", ()):
        member.update({name: _names(member[name]) for name in LISTS if name in member})
    if "merged" in out:
        out["merged"] = [sound(one) for one in out["merged"]]
    return out


def _fits(name: str, value: Any) -> bool:
    if name in GROUPS:
        return isinstance(value, dict)
    if name in LISTS_OF_GROUPS:
        return isinstance(value, list) and all(isinstance(one, dict) for one in value)
    return value is None or _is_number(value) if name in NUMBERS else True


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 1e300 and math.isfinite(value)


def _groups(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _names(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
