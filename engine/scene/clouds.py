"""The quality band: cloud, shadow, snow and nodata, from the masks that come with a product, or
computed from its bands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.features import rasterize
from rasterio.warp import transform_geom
from rasterio.windows import Window
from scipy.ndimage import binary_dilation, binary_erosion, maximum_filter, uniform_filter
from shapely import STRtree
from shapely.geometry import Polygon, box, mapping

from engine.bands import QUALITY, QUALITY_CLASSES, REFLECTANCE_DN
from engine.errors import ChannelError, DependencyError, UnreadableFileError
from engine.grid import Grid
from engine.raster import open_raster
from engine.scene.archive import zip_text
from engine.scene.imagery import BandSource, Imagery, MaskSource
from engine.scene.layers import NODATA, BandLayer, Encode, Layer, OpenSource, open_band

# Sen2Cor's scene classification: 0 no data, 1 saturated, 2 dark or topographic shadow, 3 cloud
# shadow, 4 vegetation, 5 bare, 6 water, 7 unclassified, 8 and 9 cloud, 10 cirrus, 11 snow. Source:
# Sentinel-2 L2A Product Specification, table of SCL classes.
_SCL = {0: "nodata", 3: "shadow", 8: "cloud", 9: "cloud", 10: "cloud", 11: "snow"}


def _scl_table() -> NDArray[np.int16]:
    table = np.zeros(256, np.int16)
    for code, name in _SCL.items():
        table[code] = QUALITY_CLASSES[name]
    return table


_SCL_TABLE = _scl_table()
# Bands of MSK_CLASSI_B00.jp2 since processing baseline 04.00: opaque cloud, cirrus, snow or ice;
# non-zero is yes.
_CLASSI = ("cloud", "cloud", "snow")
_S2CLOUDLESS_BANDS = ("B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12")
_HAZE_DN = 800
_GROWN_PX = 2
_CLOUD_PX = 6
_CLOUD_PROBABILITY = 0.6
_FEATURE = re.compile(r"<eop:MaskFeature\b.*?</eop:MaskFeature>", re.DOTALL)
_RING = re.compile(
    r"<gml:(exterior|interior)>.*?<gml:posList([^>]*)>([^<]*)</gml:posList>", re.DOTALL
)


class MaskedSources:
    """Quality classes of one channel-like source each, the worst class winning where several
    speak.
    """

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
            [(self._shapes[i], QUALITY_CLASSES["cloud"]) for i in hit],
            out_shape=part.shape,
            transform=part.transform,
            dtype="uint8",
            all_touched=True,
        )
        return np.asarray(burnt, np.int16)


class S2Cloudless:
    """Clouds found by s2cloudless (Skakun et al. 2022) in ten Level-1C bands, averaged to 60 m.

    At 10 m it would take 36 times as long. Probabilities are averaged over 3 x 3 pixels, and clouds
    grown by one. The threshold is 0.6, not the package's 0.4: on a hazy scene with a third of true
    cloud (SSL4EO-S12, Punjab) 0.4 declared four fifths to be cloud.
    """

    names = (QUALITY,)

    def __init__(self, bands: Sequence[BandLayer]) -> None:
        try:
            from s2cloudless.cloud_detector import S2PixelCloudDetector
        except ImportError as error:
            raise DependencyError(
                "s2cloudless is not installed, which --quality s2cloudless needs; install it with"
                " `pip install 'l4s-engine[clouds]'`."
            ) from error
        self._bands = tuple(bands)
        self._detector = S2PixelCloudDetector(
            all_bands=False, average_over=None, dilation_size=None
        )

    def read(self, window: Window) -> NDArray[np.int16]:
        """Classes, shape (1, rows, columns)."""
        rows, columns = int(window.height), int(window.width)
        pad = ((0, -rows % _CLOUD_PX), (0, -columns % _CLOUD_PX))
        coarse = []
        for band in self._bands:
            stored = band.read(window)[0].astype(np.float32)
            values = np.pad(
                np.where(stored == NODATA, 0, stored) / REFLECTANCE_DN, pad, mode="edge"
            )
            blocks = values.reshape(
                values.shape[0] // _CLOUD_PX, _CLOUD_PX, values.shape[1] // _CLOUD_PX, _CLOUD_PX
            )
            coarse.append(blocks.mean(axis=(1, 3)))
        probability = self._detector.get_cloud_probability_maps(
            np.stack(coarse, axis=-1)[np.newaxis]
        )[0]
        cloud = maximum_filter(uniform_filter(probability, size=3) > _CLOUD_PROBABILITY, size=3)
        classes = np.where(cloud, QUALITY_CLASSES["cloud"], QUALITY_CLASSES["clear"]).astype(
            np.int16
        )
        return (
            classes.repeat(_CLOUD_PX, axis=0)
            .repeat(_CLOUD_PX, axis=1)[np.newaxis, :rows, :columns]
            .copy()
        )


class BrightCover:
    """Cloud, haze and snow by the haze test of Fmask (Zhu & Woodcock 2012): B02 - 0.5 B04 above
    800, that is bright and not red.

    It cannot tell the three apart, and takes white rock and roofs for them; all count as cloud.
    What is narrower than three pixels does not count, and the rest is grown by two.
    """

    names = (QUALITY,)

    def __init__(self, blue: BandLayer, red: BandLayer, target: Grid) -> None:
        self._blue, self._red, self._target = blue, red, target

    def read(self, window: Window) -> NDArray[np.int16]:
        """Classes, shape (1, rows, columns); the same whatever the window."""
        rows, columns = int(window.height), int(window.width)
        far = _GROWN_PX + 2  # opening looks two pixels far
        top, left = (min(far, int(offset)) for offset in (window.row_off, window.col_off))
        around = Window(
            window.col_off - left,
            window.row_off - top,
            min(columns + left + far, self._target.columns - int(window.col_off) + left),
            min(rows + top + far, self._target.rows - int(window.row_off) + top),
        )
        blue, red = (band.read(around)[0].astype(np.float32) for band in (self._blue, self._red))
        bright = (blue - 0.5 * red > _HAZE_DN) & (red != NODATA)
        # Opened and grown; beyond the raster's edge it may be bright or not.
        core = binary_erosion(bright, border_value=1)
        cover = binary_dilation(core, iterations=1 + _GROWN_PX)[
            top : top + rows, left : left + columns
        ]
        return np.where(cover, QUALITY_CLASSES["cloud"], QUALITY_CLASSES["clear"]).astype(np.int16)[
            np.newaxis
        ]


@contextmanager
def open_bright_cover(products: Sequence[Imagery], target: Grid) -> Iterator[Layer]:
    """Open the two bands that :class:`BrightCover` needs.

    Raises:
        ChannelError: One of them is missing.
    """
    with ExitStack() as stack:
        blue, red = (
            stack.enter_context(band)
            for band in _bands(("B02", "B04"), products, target, "--quality bright")
        )
        yield BrightCover(blue, red, target)


@contextmanager
def open_s2cloudless(products: Sequence[Imagery], target: Grid) -> Iterator[Layer]:
    """Open the bands that s2cloudless needs.

    Raises:
        ChannelError: One of them is missing, or the imagery is Level-2A.
        DependencyError: s2cloudless is not installed.
    """
    if any(product.level == "L2A" for product in products):
        raise ChannelError(
            "s2cloudless needs Level-1C bands, but the imagery is Level-2A; use --quality auto,"
            " bright or off."
        )
    with ExitStack() as stack:
        bands = _bands(_S2CLOUDLESS_BANDS, products, target, "s2cloudless")
        yield S2Cloudless([stack.enter_context(band) for band in bands])


def _bands(
    names: Sequence[str], products: Sequence[Imagery], target: Grid, user: str
) -> Sequence[AbstractContextManager[BandLayer]]:
    """Bands of all products, those that are no channel of a stack too."""
    opened = []
    for name in names:
        found = [
            next((s for s in (*p.bands, *p.extra) if s.channel == name), None) for p in products
        ]
        sources = [source for source in found if source is not None]
        if len(sources) < len(products):
            raise ChannelError(
                f"{user} needs the bands {', '.join(names)}, but {name} is missing; use another"
                " --quality: auto or off."
            )
        opened.append(open_band(name, sources, target, Resampling.nearest))
    return opened


@contextmanager
def open_quality(products: Sequence[Imagery], target: Grid) -> Iterator[Layer | None]:
    """Open the products' masks for reading on the target grid; None if none has one."""
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
            for shape in cloud_polygons(_text(mask.path))
        ]
        return [CloudPolygons(shapes, target)]
    dataset = stack.enter_context(
        open_raster(mask.path if mask.path.startswith("/vsi") else Path(mask.path))
    )
    encoders: list[Encode] = (
        [_scl] if mask.kind == "SCL" else [_class_encoder(name) for name in _CLASSI]
    )
    if dataset.count < len(encoders):
        raise UnreadableFileError(
            f"The cloud mask {mask.path} has {dataset.count} band(s), but {len(encoders)} are"
            " needed; download the product again, or leave the mask out with --quality off."
        )
    result: list[OpenSource | CloudPolygons] = []
    for band, encode in enumerate(encoders, start=1):
        source = BandSource(QUALITY, mask.path, band, mask.grid, dataset.dtypes[band - 1], None)
        one = OpenSource(dataset, source, target, encode=encode, resampling=Resampling.nearest)
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

    Only rings are looked for, by pattern: the file comes from outside, and no XML parser needs to
    be trusted with it.
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
        archive, name = re.split(
            r"(?<=\.zip)/", path.removeprefix("/vsizip/"), maxsplit=1, flags=re.IGNORECASE
        )
        return zip_text(Path(archive), name)
    return Path(path).read_text(encoding="utf-8", errors="replace")
