"""What the program would make of files, before anything is computed.

Headers, metadata and overviews are read, so that a full product takes a second or two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from engine.bands import OPTICAL, QUALITY_CLASSES
from engine.errors import InputError
from engine.events import Event, Log, Reporter
from engine.grid import Bounds, Grid
from engine.nodata import has_mask, missing_pixels
from engine.raster import open_raster
from engine.scene.announce import announce
from engine.scene.archive import read_small
from engine.scene.dem import DemDescription, DemFacts, describe_dem
from engine.scene.heights import LeftOut, read_name
from engine.scene.imagery import BandSource, Imagery, MaskSource
from engine.scene.layers import NODATA, dn_encoder
from engine.scene.masks import (
    CloudPolygons,
    cloud_polygons,
    mask_encoders,
    second_encoder,
    transform_geometry,
)
from engine.scene.readers import find_imagery, no_imagery
from engine.scene.readers.band_files import belongs, tells_band
from engine.scene.readers.listing import listing_of
from engine.scene.readers.sources import open_file

_SAMPLE_PX = 512


@dataclass(frozen=True)
class ImageFacts:
    """What the program makes of one image.

    Attributes:
        name: How it is called in provenance.
        product: Kind of product.
        level: ``L1C``, ``L2A`` or ``unknown``.
        date: Day of acquisition, or empty.
        baseline: Processing baseline, or empty.
        crs: Coordinate reference system, such as ``EPSG:32651``.
        resolution_m: Pixel size of the sharpest band in metres.
        size_px: (columns, rows) of the sharpest band.
        bounds: (left, bottom, right, top) in the CRS.
        channels: Resolution in metres of each channel.
        missing: Channels of Sentinel-2 that it lacks.
        dn_offset: Smallest and largest offset added to the DN.
        dn_offset_source: ``option``, ``metadata``, ``tags``, ``name`` or ``none``.
        dn_offset_detail: What was found there.
        nodata: How pixels without data are told, for people.
        valid_share: Share of pixels with data, 0 to 1, from an overview of the sharpest band.
        mask: Kind of the quality mask, or empty.
        quality_share: Share of each class of the mask, 0 to 1, or empty.
        notes: What is done to the values.
        left_out: What lies beside the bands and is not used, with the reason.
    """

    name: str
    product: str
    level: str
    date: str
    baseline: str
    crs: str
    resolution_m: float
    size_px: tuple[int, int]
    bounds: Bounds
    channels: Mapping[str, float]
    missing: tuple[str, ...]
    dn_offset: tuple[float, float]
    dn_offset_source: str
    dn_offset_detail: str
    nodata: str
    valid_share: float
    mask: str
    quality_share: Mapping[str, float]
    notes: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Inspection:
    """What the program makes of files.

    Attributes:
        images: Imagery that would be read.
        dems: Elevation that would be read.
        dems_left_out: Rasters beside elevation that would not be read, with the reason.
        refused: Paths that cannot be used, each with its sentence.
        warnings: Sentences that a detection would say, too.
    """

    images: tuple[ImageFacts, ...]
    dems: tuple[DemFacts, ...]
    dems_left_out: tuple[LeftOut, ...]
    refused: Mapping[str, str]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As JSON-like values."""
        return asdict(self)


def inspect(paths: Sequence[Path], *, dn_offset: float | None = None) -> Inspection:
    """Say what the program would make of files, without computing anything.

    Args:
        paths: Imagery and elevation, in any order; rasters named one by one are taken together, as
            ``--sentinel2`` takes them.
        dn_offset: As for :func:`~engine.scene.readers.open_imagery`.

    Returns:
        Images, elevation, and what is refused.

    Raises:
        InputError: None of the paths can be used; the sentence is that of the first.
    """
    images: list[ImageFacts] = []
    dems: list[DemFacts] = []
    left: list[LeftOut] = []
    errors: dict[str, InputError] = {}
    warnings: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Log) and event.level == "warning":
            warnings.append(event.message)

    reporter = Reporter(listen)
    for group in _together(paths, errors):
        try:
            found = find_imagery(group, dn_offset=dn_offset)
            images += [image_facts(image) for image in found]
            announce(found, reporter)
            if not found:
                described = _elevation(group)
                dems += described.taken
                left += described.left
        except InputError as error:
            errors[str(group[0])] = error
    if errors and not images and not dems:
        raise next(errors[str(path)] for path in paths if str(path) in errors)
    refused = {path: str(error) for path, error in errors.items()}
    return Inspection(tuple(images), tuple(dems), tuple(left), refused, tuple(warnings))


def _elevation(group: Sequence[Path]) -> DemDescription:
    """What elevation a path holds that is no imagery.

    Raises:
        InputError: It holds none; the sentence is about heights where it may hold some.
    """
    path = group[0]
    listing = listing_of(path)
    single = listing.kind == "files"
    if single and read_name(str(path)).heights is None:
        with open_file(listing, path.as_posix()) as dataset:
            if dataset.count > 1:  # bands that nobody named, rather than heights
                raise no_imagery(listing)
    try:
        return describe_dem(group)
    except InputError:
        if single:
            raise
        raise no_imagery(listing) from None


def _together(paths: Sequence[Path], errors: dict[str, InputError]) -> list[list[Path]]:
    """Products one by one; bands together; other rasters one by one."""
    bands: list[Path] = []
    groups: list[list[Path]] = []
    for path in paths:
        try:
            listing = listing_of(path)
            name = path.as_posix()
            single = listing.kind == "files"
            banded = single and belongs(listing, name)
        except InputError as error:
            errors[str(path)] = error
            continue
        if banded:
            bands.append(path)
        else:
            groups.append([path])
    if any(tells_band(listing_of(path), path.as_posix()) for path in bands):
        return [bands, *groups]
    return [*([path] for path in bands), *groups]


def image_facts(image: Imagery) -> ImageFacts:
    """Describe one image from headers and overviews.

    Raises:
        UnreadableFileError: A file is damaged.
    """
    reference = image.reference
    valid, rule = _valid(reference)
    offsets = [source.offset for source in image.bands]
    grid = reference.grid
    return ImageFacts(
        image.name,
        image.product,
        image.level,
        image.date,
        image.baseline,
        grid.crs_name,
        round(grid.resolution_m(), 2),
        (grid.columns, grid.rows),
        grid.bounds,
        {name: round(image.source(name).grid.resolution_m(), 2) for name in image.channels},
        tuple(name for name in OPTICAL if name not in image.channels),
        (min(offsets), max(offsets)),
        image.offset.source,
        image.offset.detail,
        rule,
        valid,
        image.mask.kind if image.mask else "",
        _quality(image.mask) if image.mask else {},
        image.notes,
        image.left_out,
    )


def _valid(source: BandSource) -> tuple[float, str]:
    """Share of pixels with data in an overview, and how it is known."""
    with open_raster(source.path) as dataset:
        values = dataset.read(source.band, out_shape=_small(dataset.shape))
        encoded = dn_encoder(source)(values)
        empty = encoded == NODATA
        masked = has_mask(dataset, source.band)
        if masked:
            mask = dataset.read_masks(source.band, out_shape=values.shape)
            empty |= mask == 0
        else:
            missing = missing_pixels(dataset, values, source.band)
            empty |= missing if missing is not None and missing.shape == empty.shape else False
        declared = dataset.nodatavals[source.band - 1]
    if masked:
        rule = "mask of the file"
    elif declared is not None:
        rule = f"declared: {declared:g}"
    elif source.nodata is None:
        rule = "NaN only" if source.dtype.startswith("float") else "none"
    else:
        rule = f"{source.nodata:g}, which the file does not declare"
    return round(float(1 - empty.mean()), 4), rule


def _quality(mask: MaskSource) -> dict[str, float]:
    """Share of each class in an overview of a mask."""
    classes = _polygons(mask) if mask.kind == "CLOUDS_GML" else _classes(mask)
    counts = {name: int(np.count_nonzero(classes == code)) for name, code in _CODES.items()}
    return {name: round(count / classes.size, 4) for name, count in counts.items()}


_CODES = {**QUALITY_CLASSES, "nodata": -1}


def _classes(mask: MaskSource) -> NDArray[np.int16]:
    result: NDArray[np.int16] | None = None
    encoders = mask_encoders(mask)
    files = [(mask.path, mask.band + n, encode) for n, encode in enumerate(encoders)]
    if mask.second:
        files.append((mask.second, 1, second_encoder()))
    for path, band, encode in files:
        with open_raster(path) as dataset:
            if band > dataset.count:
                continue
            values = encode(dataset.read(band, out_shape=_small(dataset.shape)))
        result = values if result is None else np.maximum(result, values)
    return np.zeros((1, 1), np.int16) if result is None else result


def _polygons(mask: MaskSource) -> NDArray[np.int16]:
    rows, columns = _small(mask.grid.shape)
    scale = Affine.scale(mask.grid.columns / columns, mask.grid.rows / rows)
    coarse = Grid(mask.grid.crs, mask.grid.transform @ scale, (rows, columns))
    shapes = [
        transform_geometry(shape, mask.grid.crs, coarse.crs)
        for shape in cloud_polygons(read_small(mask.path), mask.path)
    ]
    burnt = CloudPolygons(shapes, coarse).read(Window(0, 0, columns, rows))
    return np.zeros((rows, columns), np.int16) if burnt is None else burnt


def _small(shape: Sequence[int]) -> tuple[int, int]:
    return min(_SAMPLE_PX, int(shape[0])), min(_SAMPLE_PX, int(shape[1]))


def text_of(inspection: Inspection) -> str:
    """An inspection for people to read."""
    blocks = [_image_text(image) for image in inspection.images]
    blocks += [_dem_text(dem) for dem in inspection.dems]
    if inspection.dems_left_out:
        left = [
            f"{PurePosixPath(one.name).name} ({one.reason})" for one in inspection.dems_left_out
        ]
        blocks.append(_table([("left out", "; ".join(left))]))
    blocks += [f"{path}\n  refused       {text}" for path, text in inspection.refused.items()]
    blocks += [f"warning: {text}" for text in inspection.warnings]
    return "\n\n".join(blocks)


def _image_text(image: ImageFacts) -> str:
    known = [image.product, image.level if image.level != "unknown" else "level unknown"]
    known += [image.date] if image.date else []
    known += [f"baseline {image.baseline}"] if image.baseline else []
    low, high = image.dn_offset
    offset = f"{low:+g}" if low == high else f"{low:+g} to {high:+g}"
    quality = ", ".join(
        f"{name} {100 * share:.1f} %" for name, share in image.quality_share.items()
    )
    by_resolution: dict[float, list[str]] = {}
    for name, resolution in image.channels.items():
        by_resolution.setdefault(resolution, []).append(name)
    rows = [
        ("imagery", ", ".join(known)),
        *(
            (f"{resolution:g} m", " ".join(names))
            for resolution, names in sorted(by_resolution.items())
        ),
        ("missing", " ".join(image.missing) or "nothing"),
        ("grid", f"{image.size_px[0]} x {image.size_px[1]} pixels, {image.crs}"),
        ("offset", f"{offset if low or high else 'none'} ({_origin(image)})"),
        ("no data", image.nodata),
        ("valid", f"{100 * image.valid_share:.1f} % of the pixels"),
        ("mask", f"{image.mask}: {quality}" if image.mask else "none"),
        *((("left out", "; ".join(image.left_out)),) if image.left_out else ()),
    ]
    return f"{image.name}\n{_table(rows)}"


def _origin(image: ImageFacts) -> str:
    if image.dn_offset_source == "none":
        return image.dn_offset_detail
    return f"by {image.dn_offset_source}: {image.dn_offset_detail}"


def _dem_text(dem: DemFacts) -> str:
    rows = [
        ("elevation", dem.product),
        ("grid", f"{dem.spacing_m:g} m, {dem.crs}"),
        ("heights", f"{dem.lowest_m:g} to {dem.highest_m:g} m, stored in {dem.unit}"),
        ("no data", dem.nodata),
        ("voids", f"{100 * dem.void_share:.1f} %"),
    ]
    return f"{PurePosixPath(dem.path).name}\n{_table(rows)}"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"  {name:<12}  {text}" for name, text in rows)
