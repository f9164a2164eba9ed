"""Attributes of landslides, and signs of a false positive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from engine.grid import Grid
from engine.ground import lon_lat, metres_per_unit
from engine.inventory.runs import Runs
from engine.inventory.shape import Form, measure_form
from engine.inventory.volume import estimate_volume
from engine.inventory.zonal import Zonal

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

FLAT_DEG = 5.0
GENTLE_DEG = 10.0
"""Ploughed fields and clear-cuts are commonly gentler than this, landslides steeper."""
RIVER_GRADIENT = 0.1
RIVER_ELONGATION = 4.0
RIVER_COMPACTNESS = 0.12
RIVER_LENGTH_M = 300.0
WET_NDWI = 0.1
ROAD_WIDTH_PX = 2.5
ROAD_LENGTH_PX = 15.0
ROAD_ANGLE_DEG = 45.0
FIELD_FILL = 0.8
FIELD_PIXELS = 25
PLANAR = 2e-3
"""Relative difference up to which ground area and pixel area are the same thing, computed in two
ways."""
CUT = {"image-edge", "aoi-edge"}
"""Flags that say where the outline ends, and nothing against there being a landslide."""
CONFIDENCE_STEPS = ((2 / 3, 3), (1 / 3, 2))
FALL_LINE_GRADIENT = 0.035
"""Mean gradient (2 degrees) below which there is no fall line to speak of."""


def attributes(
    shapes: Shapes,
    runs: Runs,
    masked: Runs,
    outside: Runs,
    grid: Grid,
    zonal: Mapping[str, Zonal],
    *,
    exact: bool,
) -> dict[str, Any]:
    """Compute every attribute that polygons and rasters give.

    Args:
        shapes: Polygons, one a label.
        runs: The pixels of each.
        masked: Pixels without a result where was looked: cloud, shadow, snow, no data.
        outside: Pixels outside the area of interest.
        grid: Grid of the mask.
        zonal: Statistics by layer name, see :mod:`engine.inventory.layers`; layers may be missing.
        exact: Whether the polygons are the pixels' exact outlines; areas then are those of the
            pixels.

    Returns:
        Columns of the schema.
    """
    crs = CRS.from_user_input(grid.crs)
    slope, downhill = _slope(zonal), _downhill(zonal)
    form = measure_form(shapes, crs, downhill)
    area = form.area_m2
    if exact:  # to the last digit those of the pixels, unless the projection distorts areas
        pixels = runs.area_m2(grid)
        area = np.where(np.isclose(area, pixels, rtol=PLANAR), pixels, area)
    columns: dict[str, Any] = {
        "id": np.arange(1, runs.count + 1),
        "pixels": runs.pixels(),
        "slope_deg": slope,
        **of_outline(form, area),
        "edge_m": edge_distance(shapes, grid, crs),
        "masked_m": distance_to(masked, shapes, grid, crs),
        **_probabilities(zonal),
        **_relief(zonal, grid, crs),
        **_means(zonal),
    }
    flags = find_flags(
        form, columns, grid, zonal, downhill, distance_to(outside, shapes, grid, crs)
    )
    columns["flags"] = [";".join(names) for names in flags]
    columns["confidence"] = first_confidence(columns.get("prob_max"), flags, runs.count)
    return columns


def of_outline(form: Form, area_m2: Floats) -> dict[str, Floats]:
    """The columns that follow from outlines alone."""
    volume, low, high = estimate_volume(area_m2)
    return {
        "area_m2": area_m2,
        "perimeter_m": form.perimeter_m,
        "length_m": form.length_m,
        "width_m": form.width_m,
        "axis_m": form.axis_m,
        "elongation": form.elongation,
        "compactness": form.compactness,
        "volume_m3": volume,
        "volume_low_m3": low,
        "volume_high_m3": high,
    }


def _probabilities(zonal: Mapping[str, Zonal]) -> dict[str, Floats]:
    columns: dict[str, Floats] = {}
    if "probability" in zonal:
        p = zonal["probability"]
        columns.update(prob_mean=p.mean, prob_min=p.minimum, prob_max=p.maximum)
    if "uncertainty" in zonal:
        spread = zonal["uncertainty"].mean
        columns.update(uncertainty=spread, agreement=np.maximum(0, 1 - 2 * spread))
    return columns


def _means(zonal: Mapping[str, Zonal]) -> dict[str, Floats]:
    return {
        name: zonal[name].mean
        for name in ("ndvi", "ndvi_change", "brightness_change")
        if name in zonal
    }


def _slope(zonal: Mapping[str, Zonal]) -> Floats | None:
    for name in ("slope", "steepness"):
        if name in zonal:
            return zonal[name].mean
    return None


def _downhill(zonal: Mapping[str, Zonal]) -> Floats | None:
    """Unit vector (east, north) of the mean fall line; NaN on level ground."""
    if "dz_east" not in zonal:
        return None
    rise = np.stack([zonal["dz_east"].mean, zonal["dz_north"].mean], axis=1)
    steep = np.hypot(*rise.T)[:, None]
    unit: Floats = np.divide(
        -rise, steep, out=np.full_like(rise, np.nan), where=steep > FALL_LINE_GRADIENT
    )
    return unit


def _relief(zonal: Mapping[str, Zonal], grid: Grid, crs: CRS) -> dict[str, Floats]:
    if "elevation" not in zonal:
        return {}
    z = zonal["elevation"]
    aspect = np.degrees(np.arctan2(zonal["face_east"].mean, zonal["face_north"].mean)) % 360
    source, toe = _places(z.highest, grid, crs), _places(z.lowest, grid, crs)
    return {
        "elev_min_m": z.minimum,
        "elev_max_m": z.maximum,
        "relief_m": z.maximum - z.minimum,
        "aspect_deg": aspect,
        "source_lon": source[0],
        "source_lat": source[1],
        "toe_lon": toe[0],
        "toe_lat": toe[1],
    }


def _places(pixels: NDArray[np.int64], grid: Grid, crs: CRS) -> tuple[Floats, Floats]:
    t = grid.transform
    row, column = pixels.T.astype(np.float64) + 0.5
    lon, lat = lon_lat(crs, t.c + t.a * column, t.f + t.e * row)
    unknown = pixels[:, 0] < 0
    return np.where(unknown, np.nan, lon), np.where(unknown, np.nan, lat)


def edge_distance(shapes: Shapes, grid: Grid, crs: CRS) -> Floats:
    """Smallest distance of each polygon to the raster's border, in metres."""
    if not len(shapes):
        return np.zeros(0)
    bounds = shapely.bounds(shapes)
    east, north = metres_per_unit(
        crs, bounds[:, [0, 2]].mean(axis=1), bounds[:, [1, 3]].mean(axis=1)
    )
    left, bottom, right, top = grid.bounds
    gaps = [
        (bounds[:, 0] - left) * east,
        (right - bounds[:, 2]) * east,
        (bounds[:, 1] - bottom) * north,
        (top - bounds[:, 3]) * north,
    ]
    return np.asarray(np.maximum(0, np.min(gaps, axis=0)), np.float64)


def distance_to(runs: Runs, shapes: Shapes, grid: Grid, crs: CRS) -> Floats:
    """Smallest distance of each polygon to a pixel of the runs.

    Returns:
        Metres, shape (polygons,); NaN where there is no such pixel.
    """
    if not len(shapes) or not len(runs):
        return np.full(len(shapes), np.nan)
    middle = np.array([[sum(grid.bounds[0::2]) / 2], [sum(grid.bounds[1::2]) / 2]])
    east, north = (float(v[0]) for v in metres_per_unit(crs, *middle))
    left, bottom, right, top = _boxes(runs, grid)
    tree = shapely.STRtree(shapely.box(left * east, bottom * north, right * east, top * north))
    scaled = shapely.transform(shapes, lambda xy: xy * (east, north))
    (owner, _), distance = tree.query_nearest(scaled, return_distance=True, all_matches=False)
    out = np.full(len(shapes), np.nan)
    out[owner] = distance
    return out


def _boxes(runs: Runs, grid: Grid) -> tuple[Floats, Floats, Floats, Floats]:
    """Left, bottom, right and top of rectangles that cover the runs.

    Equal runs below each other make one rectangle.
    """
    order = np.lexsort((runs.row, runs.stop, runs.start))
    row, start, stop = runs.row[order], runs.start[order], runs.stop[order]
    new = np.ones(len(row), np.bool_)
    new[1:] = (np.diff(row) != 1) | (np.diff(start) != 0) | (np.diff(stop) != 0)
    end = np.append(new[1:], True)
    t = grid.transform
    x = [t.c + t.a * column.astype(np.float64) for column in (start[new], stop[new])]
    y = [t.f + t.e * line.astype(np.float64) for line in (row[end] + 1, row[new])]
    return x[0], y[0], x[1], y[1]


def find_flags(
    form: Form,
    columns: Mapping[str, Any],
    grid: Grid,
    zonal: Mapping[str, Zonal],
    downhill: Floats | None,
    outside_m: Floats,
) -> list[list[str]]:
    """Signs of a false positive or a cut outline, for each polygon.

    :data:`engine.inventory.values.FLAGS` says what they mean.

    Args:
        form: Measures of the polygons.
        columns: Attributes so far: ``slope_deg``, ``pixels``, ``masked_m``, ``edge_m`` and, where
            known, ``relief_m``.
        grid: Grid of the mask.
        zonal: Statistics by layer name.
        downhill: Unit vectors (east, north) of the fall lines, shape (n, 2).
        outside_m: Distance to what lies outside the area of interest, in metres; NaN where nothing
            does.
    """
    count = len(form.area_m2)
    nan = np.full(count, np.nan)
    pixel = grid.resolution_m()
    slope = columns["slope_deg"] if columns["slope_deg"] is not None else nan
    relief = columns.get("relief_m", nan)
    winding = (form.elongation > RIVER_ELONGATION) | (form.compactness < RIVER_COMPACTNESS)
    level = relief < RIVER_GRADIENT * form.axis_m
    wet = zonal["ndwi"].mean > WET_NDWI if "ndwi" in zonal else np.zeros(count, np.bool_)
    thin = 2 * form.area_m2 < ROAD_WIDTH_PX * pixel * form.perimeter_m
    across = _angle_to_fall_line(form, downhill) > ROAD_ANGLE_DEG
    with np.errstate(invalid="ignore"):
        signs = {
            "flat": slope < FLAT_DEG,
            "river-like": (winding & level & (form.axis_m > RIVER_LENGTH_M)) | wet,
            "road-like": thin & (form.axis_m > ROAD_LENGTH_PX * pixel) & across,
            "field-shaped": (
                (form.rectangle > FIELD_FILL)
                & (columns["pixels"] >= FIELD_PIXELS)
                & (slope < GENTLE_DEG)
            ),
            "cloud-edge": columns["masked_m"] < pixel / 2,
            "image-edge": columns["edge_m"] < pixel / 2,
            "aoi-edge": outside_m < pixel / 2,
        }
    return [[name for name, hit in signs.items() if hit[i]] for i in range(count)]


def _angle_to_fall_line(form: Form, downhill: Floats | None) -> Floats:
    """Angle between longest axis and fall line, 0 to 90°; NaN without one."""
    if downhill is None:
        return np.full(len(form.axis_deg), np.nan)
    angle = np.abs(form.axis_deg - np.degrees(np.arctan2(downhill[:, 0], downhill[:, 1]))) % 180
    return np.asarray(np.minimum(angle, 180 - angle), np.float64)


def first_confidence(
    highest: Floats | None, flags: list[list[str]], count: int
) -> NDArray[np.int64]:
    """Confidence before any review: 3 likely, 2 probable or 1 possible.

    Whether there is a landslide at all shows at its surest pixel; the mean also counts the doubt
    about where it ends.
    """
    steps = np.ones(count, np.int64)
    if highest is not None:
        for limit, value in reversed(CONFIDENCE_STEPS):
            steps[highest >= limit] = value
    doubtful = np.array([bool(set(names) - CUT) for names in flags], np.bool_)
    return np.maximum(1, steps - doubtful)
