"""The quality band: cloud, shadow, snow and nodata, from the masks that come with a product."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
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
from engine.errors import UnreadableFileError
from engine.grid import Grid
from engine.raster import open_raster
from engine.scene.archive import zip_text
from engine.scene.imagery import BandSource, Imagery, MaskSource
from engine.scene.layers import Encode, Layer, OpenSource

# Sen2Cor's scene classification: 0 no data, 1 saturated, 2 dark or topographic shadow, 3 cloud shadow, 4 vegetation, 5 bare, 6 water,
# 7 unclassified, 8 and 9 cloud, 10 cirrus, 11 snow. Source: Sentinel-2 L2A Product Specification, table of SCL classes.
_SCL = {0: "nodata", 3: "shadow", 8: "cloud", 9: "cloud", 10: "cloud", 11: "snow"}


def _scl_table() -> NDArray[np.int16]:
    table = np.zeros(256, np.int16)
    for code, name in _SCL.items():
        table[code] = QUALITY_CLASSES[name]
    return table


_SCL_TABLE = _scl_table()
# Bands of MSK_CLASSI_B00.jp2 since processing baseline 04.00: opaque cloud, cirrus, snow or ice; non-zero is yes.
_CLASSI = ("cloud", "cloud", "snow")
_FEATURE = re.compile(r"<eop:MaskFeature\b.*?</eop:MaskFeature>", re.DOTALL)
_RING = re.compile(r"<gml:(exterior|interior)>.*?<gml:posList([^>]*)>([^<]*)</gml:posList>", re.DOTALL)


class MaskedSources:
    """Quality classes of one channel-like source each, the worst class winning where several speak."""

    names = (QUALITY,)

    def __init__(self, sources: Sequence[OpenSource | CloudPolygons]) -> None:
        self._sources = tuple(sources)

    def read(self, window: Window) -> NDArray[np.int16]:
        """Classes, shape (1, rows, columns)."""
        result = np.zeros((int(window.height), int(window.width)), np.int16)
        for source in self._sources:
            values = source.read(window)
            if values is not None:
                np.maximum(result, values, out=result)
        return result[np.newaxis]


class CloudPolygons:
    """Cloud polygons of a product before baseline 04.00 (``MSK_CLOUDS_B00.gml``)."""

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
            [(self._shapes[i], QUALITY_CLASSES["cloud"]) for i in hit], out_shape=part.shape, transform=part.transform, dtype="uint8",
            all_touched=True,
        )  # fmt: skip
        return np.asarray(burnt, np.int16)


@contextmanager
def open_quality(products: Sequence[Imagery], target: Grid) -> Iterator[Layer | None]:
    """Open the products' masks for reading on the target grid; None if none has one."""
    with ExitStack() as stack:
        sources: list[OpenSource | CloudPolygons] = []
        for product in products:
            if product.mask is not None:
                sources += _open_mask(product.mask, target, stack)
        yield MaskedSources(sources) if sources else None


def _open_mask(mask: MaskSource, target: Grid, stack: ExitStack) -> list[OpenSource | CloudPolygons]:
    if mask.kind == "CLOUDS_GML":
        shapes = [transform_geometry(shape, mask.grid.crs, target.crs) for shape in cloud_polygons(_text(mask.path))]
        return [CloudPolygons(shapes, target)]
    dataset = stack.enter_context(open_raster(mask.path if mask.path.startswith("/vsi") else Path(mask.path)))
    encoders: list[Encode] = [_scl] if mask.kind == "SCL" else [_class_encoder(name) for name in _CLASSI]
    if dataset.count < len(encoders):
        raise UnreadableFileError(
            f"The cloud mask {mask.path} has {dataset.count} band(s), but {len(encoders)} are needed; download the product again, or "
            "leave the mask out with --quality off."
        )
    result: list[OpenSource | CloudPolygons] = []
    for band, encode in enumerate(encoders, start=1):
        source = BandSource(QUALITY, mask.path, band, mask.grid, dataset.dtypes[band - 1], None)
        one = OpenSource(dataset, source, target, encode=encode, resampling=Resampling.nearest)
        stack.callback(one.close)
        result.append(one)
    return result


def _scl(values: NDArray[Any]) -> NDArray[np.int16]:
    found: NDArray[np.int16] = _SCL_TABLE[values]
    return found


def _class_encoder(name: str) -> Encode:
    code = QUALITY_CLASSES[name]
    return lambda values: np.where(values != 0, code, 0).astype(np.int16)


def cloud_polygons(gml: str) -> list[Polygon]:
    """Read the polygons of a cloud mask in GML, in the product's CRS.

    Only rings are looked for, by pattern: the file comes from outside, and no XML parser needs to be trusted with it.
    """
    shapes = []
    for feature in _FEATURE.findall(gml):
        shell: list[tuple[float, float]] = []
        holes = []
        for kind, attributes, text in _RING.findall(feature):
            numbers = [float(word) for word in text.split()]
            step = 3 if 'srsDimension="3"' in attributes else 2
            ring = list(zip(numbers[::step], numbers[1::step], strict=False))
            if len(ring) < 4:
                continue
            if kind == "exterior":
                shell = ring
            else:
                holes.append(ring)
        if shell:
            shapes.append(Polygon(shell, holes))
    return shapes


def transform_geometry(shape: Polygon, source: CRS, target: CRS) -> Polygon:
    """A polygon in another CRS."""
    if source == target:
        return shape
    moved = transform_geom(source, target, mapping(shape))
    return Polygon(moved["coordinates"][0], moved["coordinates"][1:])


def _text(path: str) -> str:
    if path.startswith("/vsizip/"):
        archive, _, name = path.removeprefix("/vsizip/").partition(".zip/")
        return zip_text(Path(archive + ".zip"), name)
    return Path(path).read_text(encoding="utf-8", errors="replace")
