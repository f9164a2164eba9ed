"""Masks that come with products, as classes of the quality band.

Classes are those of :data:`engine.bands.QUALITY_CLASSES`. Sources: Sentinel-2 Products
Specification Document (SCL, MSK_CLASSI, MSK_CLOUDS); CNES, majamask (bits of MAJA's CLM and MG2);
Earth Engine's catalogue (QA60).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.features import rasterize
from rasterio.warp import transform_geom
from rasterio.windows import Window
from shapely import STRtree
from shapely.geometry import Polygon, box, mapping

from engine.bands import QUALITY, QUALITY_CLASSES
from engine.errors import L4SError, UnreadableFileError
from engine.grid import Grid
from engine.raster import open_raster
from engine.scene.archive import read_small
from engine.scene.imagery import BandSource, Imagery, MaskSource
from engine.scene.layers import Encode, Layer, OpenSource
from engine.scene.readers.markup import Node, parse

_UNKNOWN = -1
"""What a mask has no class for; another product's mask may have one there."""

# Sen2Cor's scene classification: 0 no data, 1 saturated, 2 dark or topographic shadow, 3 cloud
# shadow, 4 vegetation, 5 bare, 6 water, 7 unclassified, 8 and 9 cloud, 10 cirrus, 11 snow.
_SCL = {3: "shadow", 8: "cloud", 9: "cloud", 10: "cloud", 11: "snow"}
_SCL_CODES = range(1, 12)
# Bands of MSK_CLASSI_B00 since processing baseline 04.00: opaque cloud, cirrus, snow or ice;
# non-zero is yes.
_CLASSI = ("cloud", "cloud", "snow")
# Bits, the first that is set counts.
_CLM_BITS = ((1 << 1 | 1 << 7, "cloud"), (1 << 5 | 1 << 6, "shadow"))
_MG2_BITS = ((1 << 1, "cloud"), (1 << 3, "shadow"), (1 << 2, "snow"))
_QA60_BITS = ((1 << 10 | 1 << 11, "cloud"),)


class MaskedSources:
    """Quality classes of several masks; the higher class counts."""

    names = (QUALITY,)

    def __init__(self, sources: Sequence[OpenSource | CloudPolygons]) -> None:
        self._sources = tuple(sources)

    def read(self, window: Window) -> NDArray[np.int16]:
        """Classes, shape (1, rows, columns), no data where all masks agree."""
        shape = (int(window.height), int(window.width))
        result = np.full(shape, np.iinfo(np.int16).min, np.int16)
        for source in self._sources:
            values = source.read(window)
            if values is not None:
                np.maximum(result, values, out=result)
        result[result == _UNKNOWN] = QUALITY_CLASSES["nodata"]
        return np.maximum(result, QUALITY_CLASSES["clear"])[np.newaxis]


class CloudPolygons:
    """Cloud polygons of a product before baseline 04.00.

    ``MSK_CLOUDS_B00.gml``.
    """

    def __init__(self, shapes: Sequence[Polygon], target: Grid) -> None:
        self._shapes = list(shapes)
        self._tree = STRtree(self._shapes)
        self._target = target

    def read(self, window: Window) -> NDArray[np.int16] | None:
        """Classes of a window, shape (rows, columns), or None where no polygon is."""
        part = self._target.subgrid(window)
        hit = self._tree.query(box(*part.bounds))
        if not len(hit):
            return None
        burnt = rasterize(
            [(self._shapes[i], QUALITY_CLASSES["cloud"]) for i in hit],
            out_shape=part.shape,
            transform=part.transform,
            dtype="uint8",
            all_touched=True,
        )
        return np.asarray(burnt, np.int16)


@contextmanager
def open_quality(products: Sequence[Imagery], target: Grid) -> Iterator[Layer | None]:
    """Open the products' masks on the target grid; None without any."""
    with ExitStack() as stack:
        sources: list[OpenSource | CloudPolygons] = []
        for product in products:
            if product.mask is not None:
                sources += _open_mask(product.mask, target, stack)
        yield MaskedSources(sources) if sources else None


def _open_mask(
    mask: MaskSource, target: Grid, stack: ExitStack
) -> list[OpenSource | CloudPolygons]:
    if mask.kind == "CLOUDS_GML":
        shapes = [
            transform_geometry(shape, mask.grid.crs, target.crs)
            for shape in cloud_polygons(read_small(mask.path), mask.path)
        ]
        return [CloudPolygons(shapes, target)]
    encoders = mask_encoders(mask)
    paths = [mask.path] * len(encoders)
    if mask.second:
        encoders.append(second_encoder())
        paths.append(mask.second)
    result: list[OpenSource | CloudPolygons] = []
    for number, (path, encode) in enumerate(zip(paths, encoders, strict=True)):
        dataset = stack.enter_context(open_raster(path))
        band = mask.band + number if mask.kind == "CLASSI" else mask.band
        needed = len(encoders) if mask.kind == "CLASSI" else band
        if dataset.count < needed:
            raise UnreadableFileError(
                f"The cloud mask {path} has {dataset.count} band(s), but {needed} are needed;"
                " download the product again, or leave the mask out with --quality off."
            )
        source = BandSource(QUALITY, path, band, mask.grid, dataset.dtypes[band - 1], None)
        result.append(
            OpenSource(
                dataset,
                source,
                target,
                encode=encode,
                resampling=Resampling.nearest,
                missing=_UNKNOWN,
            )
        )
    return result


def mask_encoders(mask: MaskSource) -> list[Encode]:
    """How a raster mask's values become classes, for each band.

    -1 is no class.
    """
    if mask.kind == "SCL":
        return [scl_classes]
    if mask.kind == "CLASSI":
        return [_class_encoder(name) for name in _CLASSI]
    return [_bits_encoder(_QA60_BITS if mask.kind == "QA60" else _CLM_BITS)]


def second_encoder() -> Encode:
    """How the values of MAJA's geophysical mask become classes."""
    return _bits_encoder(_MG2_BITS)


def scl_classes(values: NDArray[Any]) -> NDArray[np.int16]:
    """Classes of a scene classification, -1 for no data and fills."""
    codes = _codes(values)
    classes = np.full(codes.shape, _UNKNOWN, np.int16)
    classes[(codes >= _SCL_CODES.start) & (codes < _SCL_CODES.stop)] = QUALITY_CLASSES["clear"]
    for code, name in _SCL.items():
        classes[codes == code] = QUALITY_CLASSES[name]
    return classes


def _codes(values: NDArray[Any]) -> NDArray[np.int64]:
    """Whole numbers of a class raster, 0 where it holds none.

    NaN, fractions, huge fills.
    """
    if values.dtype.kind in "iub":
        return values.astype(np.int64)
    usable = np.isfinite(values) & (np.abs(values) < 1e6)
    rounded = np.rint(np.where(usable, values, 0))
    return np.where(usable & (rounded == values), rounded, 0).astype(np.int64)


def _class_encoder(name: str) -> Encode:
    code = QUALITY_CLASSES[name]
    return lambda values: np.where(_codes(values) != 0, code, 0).astype(np.int16)


def _bits_encoder(bits: Sequence[tuple[int, str]]) -> Encode:
    def encode(values: NDArray[Any]) -> NDArray[np.int16]:
        codes = _codes(values)
        classes = np.zeros(codes.shape, np.int16)
        for mask, name in reversed(bits):
            classes[codes & mask != 0] = QUALITY_CLASSES[name]
        return classes

    return encode


def cloud_polygons(gml: bytes, where: str) -> list[Polygon]:
    """Read the polygons of a cloud mask in GML, in the product's CRS.

    Args:
        gml: Content of ``MSK_CLOUDS_B00.gml``.
        where: The file, for messages.

    Raises:
        UnreadableFileError: It is damaged.
    """
    try:
        features = parse(gml, where).all("MaskFeature")
        polygons = [polygon for feature in features for polygon in feature.all("Polygon")]
        shapes = [_polygon(element) for element in polygons]
    except (ValueError, L4SError) as error:
        raise UnreadableFileError(
            f"The cloud mask {where} is damaged ({str(error)[:200]}); download the product again,"
            " or leave the mask out with --quality off."
        ) from error
    return [shape for shape in shapes if shape is not None]


def _polygon(element: Node) -> Polygon | None:
    shell: list[tuple[float, float]] = []
    holes = []
    for part in element.children:
        places = next(iter(part.all("posList")), None)
        if part.name not in ("exterior", "interior") or places is None:
            continue
        numbers = [float(word[:40]) for word in places.text.split()]
        if not all(math.isfinite(number) for number in numbers):
            raise ValueError("a coordinate that is no number")
        step = 3 if places.attributes.get("srsDimension") == "3" else 2
        ring = list(zip(numbers[::step], numbers[1::step], strict=False))
        if len(ring) < 4:
            continue
        if part.name == "exterior":
            shell = ring
        else:
            holes.append(ring)
    return Polygon(shell, holes) if shell else None


def transform_geometry(shape: Polygon, source: CRS, target: CRS) -> Polygon:
    """A polygon in another CRS."""
    if source == target:
        return shape
    moved = transform_geom(source, target, mapping(shape))
    return Polygon(moved["coordinates"][0], moved["coordinates"][1:])
