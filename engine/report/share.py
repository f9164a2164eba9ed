"""One HTML file with an interactive map, for people without a GIS.

Outlines with their facts, the image and the image before with a swipe, filters by status, size and
date. Nothing is fetched from anywhere: the map library (Leaflet, BSD 2-Clause) stands in the file.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from pyproj import CRS, Transformer

from engine.errors import NoOverlapError
from engine.events import SILENT, Reporter
from engine.files import atomic_path
from engine.ground import metres_per_unit
from engine.handles import Stack
from engine.inventory.inventory import Inventory, text_of
from engine.inventory.schema import BY_NAME
from engine.report.figures import Picture, picture_of
from engine.status import STATUSES

PICTURE_PX = 3600
"""Longest side of an image: a 36 km scene at full resolution, a few megabytes as JPEG."""
QUALITY = 82
SHOWN = (
    "id",
    "status",
    "reason",
    "confidence",
    "prob_mean",
    "ls_type",
    "material",
    "trigger",
    "event",
    "date_from",
    "date_to",
    "area_m2",
    "length_m",
    "width_m",
    "relief_m",
    "slope_deg",
    "volume_m3",
    "flags",
    "reviewer",
    "reviewed",
    "notes",
)
NOTE = (
    "Outlines were found by a computer in satellite images of 10 m pixels. Pending ones are"
    " suggestions that nobody has checked. This is no hazard or risk map."
)


def write_share(
    inventory: Inventory,
    out: Path,
    *,
    stack: Stack | None = None,
    before: Stack | None = None,
    reporter: Reporter = SILENT,
) -> Path:
    """Write an inventory as one HTML file with an interactive map.

    Args:
        inventory: What is shown.
        out: The HTML file; its folder must exist.
        stack: Gives the image below the outlines; any CRS.
        before: Gives the image before the event, to which one can swipe; any CRS.
        reporter: Receives progress.

    Returns:
        ``out``.

    Raises:
        NoOverlapError: A stack lies elsewhere.
        OutputError: It cannot be written.
    """
    reporter.progress("drawing the map", 0, 3)
    plane = _Plane(inventory)
    images = []
    for number, (name, source) in enumerate((("after", stack), ("before", before)), start=1):
        picture = picture_of(source, PICTURE_PX) if source is not None else None
        if source is not None and picture is not None:
            images.append(_image(name, picture, plane, source.path.name))
        reporter.progress("drawing the map", number, 3)
    landslides = _landslides(inventory, plane)
    data = {
        "bounds": plane.view(),
        "images": images,
        "landslides": landslides,
        "statuses": _statuses(inventory),
        "fields": [
            {
                "name": name,
                "title": BY_NAME[name].alias,
                "values": {str(value): title for value, title in BY_NAME[name].values.items()},
            }
            for name in SHOWN
        ],
    }
    with atomic_path(out) as temporary:
        temporary.write_text(_page(inventory, data), encoding="utf-8")
    reporter.progress("drawing the map", 3, 3)
    return out


class _Plane:
    """A flat map in metres east and north of the middle of the inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self.crs = inventory.crs
        bounds = inventory.aoi.bounds if not inventory.aoi.is_empty else (0.0, 0.0, 1.0, 1.0)
        if len(inventory):
            bounds = (
                *np.minimum(bounds[:2], inventory.landslides.total_bounds[:2]),
                *np.maximum(bounds[2:], inventory.landslides.total_bounds[2:]),
            )
        left, bottom, right, top = (float(value) for value in bounds)
        self.bounds = left, bottom, right, top
        self.x, self.y = (left + right) / 2, (bottom + top) / 2
        east, north = metres_per_unit(self.crs, np.array([self.x]), np.array([self.y]))
        self.east, self.north = float(east[0]), float(north[0])

    def place(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Metres from the middle, shape (points, 2)."""
        return np.asarray((xy - (self.x, self.y)) * (self.east, self.north), np.float64)

    def view(self) -> list[list[float]]:
        """Corners of all that is shown, as Leaflet takes them: (north, east)."""
        left, bottom, right, top = self.bounds
        corners = self.place(np.array([[left, bottom], [right, top]]))
        return [[round(y, 1), round(x, 1)] for x, y in corners]


def _image(name: str, picture: Picture, plane: _Plane, file: str) -> dict[str, Any]:
    """An image as JPEG in the page, laid on the plane by its corners."""
    left, bottom, right, top = _bounds_in(picture, plane.crs)
    shown = shapely.box(*plane.bounds)
    if not shapely.intersects(shown, shapely.box(left, bottom, right, top)):
        raise NoOverlapError(
            f"{file} does not cover the landslides; give the image of the same place."
        )
    values = picture.values
    if values.ndim == 2:
        values = np.repeat(values[:, :, None], 3, axis=2)
    pixels = np.round(255 * np.clip(np.nan_to_num(values, nan=1.0), 0, 1)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=QUALITY, optimize=True)
    corners = plane.place(np.array([[left, bottom], [right, top]]))
    return {
        "name": name,
        "url": "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii"),
        "bounds": [[round(y, 2), round(x, 2)] for x, y in corners],
    }


def _bounds_in(picture: Picture, crs: CRS) -> tuple[float, float, float, float]:
    """Bounds of an image in another CRS, by its box."""
    if picture.crs == crs:
        return picture.bounds
    transformer = Transformer.from_crs(picture.crs, crs, always_xy=True)
    left, bottom, right, top = transformer.transform_bounds(*picture.bounds)
    return float(left), float(bottom), float(right), float(top)


def _landslides(inventory: Inventory, plane: _Plane) -> list[dict[str, Any]]:
    """Facts and outlines; vertices as steps in decimetres."""
    table = inventory.landslides
    rows = table[list(SHOWN)].to_dict("records")
    return [
        {
            "facts": {name: _json(value) for name, value in row.items()},
            "shape": [_rings(part, plane) for part in shapely.get_parts(shape)],
        }
        for row, shape in zip(rows, table.geometry, strict=True)
    ]


def _rings(polygon: Any, plane: _Plane) -> list[list[int]]:
    return [
        _steps(plane.place(shapely.get_coordinates(ring)))
        for ring in (polygon.exterior, *polygon.interiors)
    ]


def _steps(xy: NDArray[np.float64]) -> list[int]:
    decimetres = np.round(xy[:-1] * 10).astype(np.int64)  # the last vertex is the first
    steps: list[int] = np.diff(decimetres, axis=0, prepend=0).ravel().tolist()
    return steps


def _statuses(inventory: Inventory) -> list[dict[str, Any]]:
    """The statuses that the inventory has, with their colours and counts."""
    counts = inventory.landslides["status"].value_counts()
    return [
        {
            "name": status.name,
            "title": status.label.split(":")[0],
            "colour": status.colour,
            "confirmed": status.confirmed,
            "count": int(counts.get(status.name, 0)),
        }
        for status in STATUSES
        if counts.get(status.name, 0)
    ]


def _json(value: Any) -> Any:
    if isinstance(value, (float, np.floating)):
        return round(float(value), 4) if np.isfinite(value) else None
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, (int, bool)) else text_of(value)


def _page(inventory: Inventory, data: dict[str, Any]) -> str:
    web = files("engine.report") / "web"
    assets = {name: (web / name).read_text(encoding="utf-8") for name in _assets()}
    events = _distinct(inventory, "event")
    images = _distinct(inventory, "images")
    title = f"Landslides, {events[0]}" if len(events) == 1 else "Landslides"
    made = str(inventory.run.get("created", ""))[:10]
    parts = [", ".join(images[:4]), f"detected on {made}" if made else ""]
    # A text from a file must not end the element in which it stands.
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Template(assets["share.html"]).substitute(
        title=escape(title),
        subtitle=escape(" · ".join(part for part in parts if part)),
        note=escape(NOTE),
        data=text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"),
        css=assets["share.css"],
        js=assets["share.js"],
        leaflet_css=assets["leaflet.css"],
        leaflet_js=assets["leaflet.js"],
    )


def _assets() -> Sequence[str]:
    return "share.html", "share.css", "share.js", "leaflet.css", "leaflet.js"


def _distinct(inventory: Inventory, column: str) -> list[str]:
    """The texts of a column, each once, as they come first."""
    texts = (text_of(value) for value in inventory.landslides[column])
    return list(dict.fromkeys(text for text in texts if text))
