"""What the report says, section by section."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from engine.handles import WELL_COVERED
from engine.inventory.carry_over import outside_area
from engine.inventory.inventory import Inventory
from engine.inventory.volume import RELATION
from engine.report.html import Section, cards, paragraph, table
from engine.report.statistics import (
    RELIABLE_COUNT,
    Summary,
)
from engine.report.tables import largest_table, review_tables, size_text
from engine.status import is_decided

SHARES = {"cloud": "cloud", "shadow": "shadow", "snow": "snow", "nodata": "no data"}
LIMITS = (
    (
        "The polygons were found by a computer in satellite images of 10 m pixels. Each is a"
        " suggestion until a person has looked at it; the column status says which were."
    ),
    (
        "Landslides smaller than about four pixels (400 m²) are missed or not drawn, so small ones"
        " are under-counted."
    ),
    (
        "Fresh, bare landslides in vegetation are found best. Old, overgrown or slow ones and those"
        " in bare ground are mostly missed."
    ),
    (
        "Ploughed fields, river beds, quarries, roads, clear-cuts and the rims of clouds can look"
        " like landslides; flags point at likely ones."
    ),
    "Nothing is known below clouds, shadows and snow; no landslides there means no information.",
    (
        "Outlines follow pixels and may be off by one or two (10 to 20 m). Source and deposit are"
        " not told apart."
    ),
    (
        "Volumes are estimated from areas by published averages and are orders of magnitude, not"
        " measurements."
    ),
    "Probabilities are the models' own; they are not a hazard or risk map.",
)


def sections_of(
    inventory: Inventory, summary: Summary, drawn: Mapping[str, bytes]
) -> list[Section]:
    """All sections of the report; figures are PNG by name."""
    unknown = "".join(paragraph(text, important=True) for text in _unknown(inventory.run))
    sections = [
        Section(
            "Summary", _lead(inventory, summary) + unknown + cards(_key_figures(inventory, summary))
        )
    ]
    captions = {
        "map": ("Map", "Outlines of landslides over the image in natural colours."),
        "probability": (
            "Probability",
            "How likely the models hold each pixel to be landslide; outlines in white.",
        ),
        "density": ("Density", "Landslides per square kilometre."),
    }
    for name in ("map", "probability"):
        if name in drawn:
            sections.append(Section(captions[name][0], _image(drawn[name], captions[name][1])))
    if not summary.count:
        return [*sections, *_background(inventory)]
    sections.append(Section("Largest landslides", largest_table(inventory)))
    sections.append(
        Section(
            "Sizes",
            _image(drawn["sizes"], "Sizes, and how often they occur.") + size_text(summary),
        )
    )
    if "roses" in drawn:
        sections.append(
            Section(
                "Aspect and slope",
                _image(drawn["roses"], "Number of landslides by aspect and by mean slope."),
            )
        )
    sections.append(
        Section(captions["density"][0], _image(drawn["density"], captions["density"][1]))
    )
    sections.append(Section("Review and flags", review_tables(inventory)))
    return [*sections, *_background(inventory)]


def _lead(inventory: Inventory, summary: Summary) -> str:
    ground = inventory.run.get("area_km2")
    ground_is = "that was analysed" if _clouds_ignored(inventory.run) else "that could be seen"
    where = (
        f" on {_number(ground)} km² of ground {ground_is}"
        if isinstance(ground, (int, float))
        else ""
    )
    if not summary.count:
        reason = (
            "all were rejected"
            if len(inventory)
            else "none was found"
            if inventory.run
            else "none is in the file"
        )
        return paragraph(
            f"This inventory holds no landslides: {reason}{where}. There may be none, or they are"
            " smaller than the minimum mapping unit, or the threshold is too high.",
            important=True,
        )
    outside = int(outside_area(inventory.confirmed, inventory.aoi).sum())
    share = f", {100 * summary.share:.2g} % of it" if summary.share and not outside else ""
    decided = int(is_decided(inventory.landslides["status"]).sum())
    state = f"{decided} have been reviewed." if decided else "None has been reviewed yet."
    text = paragraph(
        f"{summary.count:,} landslides covering {_number(summary.area_km2)} km²{where}{share}."
        f" {state}"
    )
    if outside:
        text += paragraph(
            f"{outside:,} of them lie outside the ground that was analysed: they were reviewed in"
            " an earlier run or drawn by hand.",
            important=True,
        )
    return text


def _unknown(run: Mapping[str, Any]) -> Iterator[str]:
    """What this inventory cannot know, for its first page."""
    if reason := _clouds_ignored(run):
        yield (
            f"Clouds were not checked ({reason}). Where the image shows clouds, no landslides means"
            " no information, and landslides at their rims may be cloud."
        )
    covered = run.get("slope_covered")
    if isinstance(covered, (int, float)) and covered < WELL_COVERED and _slope_matters(run):
        where = (
            "All of this ground" if not covered else f"{100 * (1 - covered):.1f} % of this ground"
        )
        yield (
            f"{where} was mapped without a slope, because there was no elevation model. The models"
            " tell scars from bare fields with it: expect most landslides to be missed there, or"
            " fields to be drawn."
        )


def _clouds_ignored(run: Mapping[str, Any]) -> str:
    """Why clouds were taken for ground.

    Empty where a mask told them apart, or nothing is known of the run.
    """
    if "masked_share" not in run:
        return ""
    if ((run.get("parameters") or {}).get("inference") or {}).get("mask_quality") is False:
        return "kept on request"
    return "" if run["masked_share"].get("cloud") is not None else "no mask"


def _slope_matters(run: Mapping[str, Any]) -> bool:
    """Whether a model would have read the slope; unknown models would."""
    members = run.get("members") or []
    return not members or any(
        "slope" in (*member.get("channels", ()), *member.get("missing_channels", ()))
        for member in members
    )


def _key_figures(inventory: Inventory, summary: Summary) -> list[tuple[str, str]]:
    run = inventory.run
    found = [
        ("landslides", f"{summary.count:,}"),
        ("total area", f"{_number(summary.area_km2)} km²"),
    ]
    if summary.count:
        found += [
            ("largest", f"{summary.largest_m2:,.0f} m²"),
            ("median area", f"{summary.median_m2:,.0f} m²"),
            ("magnitude mL = log₁₀ N", f"{summary.magnitude:.2f}"),
            ("magnitude mLS of the tail", _magnitude(summary)),
            ("volume, estimated", f"{_volumes(summary)} million m³"),
        ]
    clouds_ignored = _clouds_ignored(run)
    for name, label in SHARES.items():
        share = (run.get("masked_share") or {}).get(name)
        if name == "cloud" and clouds_ignored:
            found.append(("clouds", f"not checked ({clouds_ignored})"))
        elif isinstance(share, (int, float)) and (share > 0 or name == "cloud"):
            found.append((f"hidden: {label}", f"{100 * share:.1f} %"))
    if isinstance(run.get("threshold"), (int, float)):
        found.append(("threshold", f"{run['threshold']:.2f}"))
    return found


def _magnitude(summary: Summary) -> str:
    if summary.event_magnitude is None or summary.count < RELIABLE_COUNT:
        return "too few landslides"
    return f"{summary.event_magnitude:.2f}"


def _volumes(summary: Summary) -> str:
    best, low, high = (
        _number(v / 1e6) for v in (summary.volume_m3, summary.volume_low_m3, summary.volume_high_m3)
    )
    return f"{best} ({low}–{high})"


def _background(inventory: Inventory) -> list[Section]:
    run = inventory.run
    rows: list[list[str]] = []
    for model in run.get("models") or []:
        text = (
            f"{model.get('name', '')} {model.get('version', '')} (SHA-256"
            f" {str(model.get('digest', ''))[:16]}…)"
        )
        rows.append(["Model", escape(text)])
    for product in (run.get("stack_made_from") or {}).get("imagery", []):
        rows.append(["Image", escape(_image_of(product))])
    for name, label in {
        "grid": "Grid",
        "device": "Device",
        "engine_version": "Engine",
        "threshold": "Threshold",
    }.items():
        if run.get(name) not in (None, ""):
            rows.append([label, escape(_plain(run[name]))])
    rows += [
        [f"Input: {escape(str(name))}", escape(_plain(value))]
        for name, value in (run.get("inputs") or {}).items()
    ]
    rows += [
        [f"Parameter: {escape(str(name))}", escape(_plain(value))]
        for name, value in (run.get("parameters") or {}).items()
        if value is not None
    ]
    rows.append(["Volume relation", escape(RELATION.name)])
    limits = "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in LIMITS) + "</ul>"
    return [
        Section("Limits", limits),
        Section("How it was made", table(["What", "Value"], rows, [False, False])),
    ]


def _image_of(product: Mapping[str, Any]) -> str:
    """A product behind the stack: name, level, date, and its DN offset."""
    offsets = sorted(set((product.get("dn_offsets") or {}).values()))
    parts = [str(product.get(name) or "") for name in ("name", "level", "date")]
    return ", ".join(
        part for part in [*parts, f"DN offset {_plain(offsets)}" if any(offsets) else ""] if part
    )


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name} {_plain(item)}" for name, item in value.items() if item is not None
        )
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(item) for item in value)
    return str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _image(data: bytes, caption: str) -> str:
    source = base64.b64encode(data).decode("ascii")
    return (
        f'<figure><img src="data:image/png;base64,{source}"'
        f' alt="{escape(caption)}"><figcaption>{escape(caption)}</figcaption></figure>'
    )
