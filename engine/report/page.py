"""The report: one self-contained HTML file, its figures also as PNG files."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import rasterio.crs
from matplotlib.figure import Figure

from engine.errors import NoOverlapError
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_folder
from engine.handles import ProbabilityRaster, Stack
from engine.inventory.carry_over import outside_area
from engine.inventory.inventory import Inventory, text_of
from engine.inventory.provenance import WELL_COVERED
from engine.inventory.schema import FLAGS, STATUS
from engine.inventory.volume import RELATION
from engine.report import figures
from engine.report.html import Section, cards, page, paragraph, table
from engine.report.statistics import Parameter, Summary, density_per_km2, summarise
from engine.scene.area import bounds_in
from engine.status import is_decided

LARGEST = 15
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


def write_report(
    inventory: Inventory,
    out: Path,
    *,
    stack: Stack | None = None,
    probability: ProbabilityRaster | None = None,
    reporter: Reporter = SILENT,
) -> Path:
    """Write the report, and its figures in ``NAME_figures`` beside it.

    Args:
        inventory: What is reported.
        out: The HTML file; its folder must exist.
        stack: Gives the image below the map; in any CRS, and the outlines are drawn in it.
        probability: Gives the probability map, likewise.
        reporter: Receives progress.

    Returns:
        ``out``.

    Raises:
        OutputError: It cannot be written.
        NoOverlapError: The stack or the probability lies elsewhere.
    """
    for raster, name in ((stack, "stack"), (probability, "probability raster")):
        if raster is not None:
            _require_overlap(inventory, raster, name)
    summary = summarise(inventory)
    drawn: dict[str, bytes] = {}
    for name, figure in _figures(inventory, summary, stack, probability):
        reporter.progress("drawing the report", len(drawn), 6)
        drawn[name] = figures.png(figure)
    reporter.progress("drawing the report", 6, 6)
    text = page(_title(inventory), _subtitle(inventory), _sections(inventory, summary, drawn))
    folder = output_folder(out.with_name(f"{out.stem}_figures"))
    for name, data in drawn.items():
        with atomic_path(folder / f"{name}.png") as temporary:
            temporary.write_bytes(data)
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return out


def _figures(
    inventory: Inventory,
    summary: Summary,
    stack: Stack | None,
    probability: ProbabilityRaster | None,
) -> Iterator[tuple[str, Figure]]:
    image = figures.picture_of(stack)
    if image is not None or not inventory.aoi.is_empty:  # else there is nothing to draw a map of
        yield "map", figures.overview_map(inventory, image)
    chance = figures.probability_of(probability)
    if chance is not None:
        yield "probability", figures.probability_map(inventory, chance)
    confirmed = inventory.confirmed
    if not len(confirmed):
        return
    yield "sizes", figures.size_figure(confirmed["area_m2"].to_numpy(np.float64) / 1e6, summary)
    if confirmed["aspect_deg"].notna().any():
        yield "roses", figures.roses(confirmed)
    placed = inventory.to_crs(image.crs) if image is not None else inventory
    left, bottom, right, top = image.bounds if image is not None else placed.aoi.bounds
    bounds = (left, bottom, right, top)
    density, _ = density_per_km2(placed, bounds)
    yield "density", figures.density_map(placed, figures.Picture(density, bounds, placed.crs))


def _require_overlap(inventory: Inventory, raster: Stack | ProbabilityRaster, name: str) -> None:
    """Check that a raster, in any CRS, shows the place of the landslides."""
    if inventory.aoi.is_empty:
        return
    crs = rasterio.crs.CRS.from_user_input(inventory.crs)
    box = bounds_in(inventory.aoi.bounds, crs, raster.grid.crs)
    left, bottom, right, top = raster.grid.turned(box)
    west, south, east, north = raster.grid.bounds
    if not (left < east and right > west and bottom < north and top > south):
        raise NoOverlapError(
            f"The {name} {raster.path} ({raster.grid.crs_name}) shows nothing of the area of the"
            f" inventory ({inventory.crs.name}); give the one in which the landslides were found,"
            " and check both coordinate reference systems."
        )


def _title(inventory: Inventory) -> str:
    event = inventory.landslides["event"].dropna().unique()
    return f"Landslide inventory: {event[0]}" if len(event) == 1 else "Landslide inventory"


def _subtitle(inventory: Inventory) -> str:
    run = inventory.run
    parts = [
        f"made {str(run.get('created', ''))[:10]}" if run.get("created") else "",
        f"l4s {run.get('engine_version', '')}".strip(),
    ]
    return " · ".join(part for part in parts if part)


def _sections(inventory: Inventory, summary: Summary, drawn: Mapping[str, bytes]) -> list[Section]:
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
    sections.append(Section("Largest landslides", _largest(inventory)))
    sections.append(
        Section(
            "Sizes",
            _image(drawn["sizes"], "Sizes, and how often they occur.") + _size_text(summary),
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
    sections.append(Section("Review and flags", _review(inventory)))
    return [*sections, *_background(inventory)]


def _lead(inventory: Inventory, summary: Summary) -> str:
    ground = inventory.run.get("area_km2")
    ground_is = "that was looked at" if _clouds_ignored(inventory.run) else "that could be seen"
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
            f"{outside:,} of them lie outside the ground that was looked at: they were reviewed in"
            " an earlier run or drawn by hand.",
            important=True,
        )
    return text


def _clouds_ignored(run: Mapping[str, Any]) -> str:
    """Why clouds were taken for ground.

    Empty where a mask told them apart, or nothing is known of the run.
    """
    if "masked_share" not in run:
        return ""
    if ((run.get("parameters") or {}).get("inference") or {}).get("mask_quality") is False:
        return "kept on request"
    return "" if run["masked_share"].get("cloud") is not None else "no mask"


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


def _volumes(summary: Summary) -> str:
    best, low, high = (
        _number(v / 1e6) for v in (summary.volume_m3, summary.volume_low_m3, summary.volume_high_m3)
    )
    return f"{best} ({low}–{high})"


def _largest(inventory: Inventory) -> str:
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


def _size_text(summary: Summary) -> str:
    parts = [paragraph(summary.warning, important=True)] if summary.warning else []
    gamma, law = summary.inverse_gamma, summary.power_law
    rows = []
    if gamma is not None:
        rows += [
            [
                "Inverse gamma: tail exponent −(ρ + 1)",
                _fitted(gamma.rho, sign=-1, shift=-1),
                "−2.40",
            ],
            ["Inverse gamma: a (rollover), km²", _fitted(gamma.a_km2), "1.28e-3"],
            ["Inverse gamma: s, km²", _fitted(gamma.s_km2, scale=gamma.truncation_km2), "−1.32e-4"],
        ]
    if law is not None:
        rows.append(
            [
                f"Power-law tail above {law.cutoff_km2 * 1e6:,.0f} m² ({law.count} landslides)",
                _fitted(law.exponent, sign=-1),
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


def _fitted(p: Parameter, *, sign: int = 1, shift: int = 0, scale: float = 0.0) -> str:
    if not p.determined(scale):
        return "not determined by these areas"
    value, low, high = (sign * v + shift for v in (p.value, p.low, p.high))
    low, high = min(low, high), max(low, high)
    return f"{value:.3g} ({low:.3g} to {high:.3g})".replace("-", "−").replace("e−", "e-")


def _review(inventory: Inventory) -> str:
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
