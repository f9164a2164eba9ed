"""The quality band: cloud, shadow, snow and nodata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window
from scipy.ndimage import binary_dilation, binary_erosion, maximum_filter, uniform_filter

from engine.bands import QUALITY, QUALITY_CLASSES, REFLECTANCE_DN
from engine.errors import ChannelError, DependencyError
from engine.grid import Grid
from engine.scene.imagery import Imagery
from engine.scene.layers import NODATA, BandLayer, Layer, open_band

_S2CLOUDLESS_BANDS = ("B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12")
_HAZE_DN = 800
_GROWN_PX = 2
_CLOUD_PX = 6
_CLOUD_PROBABILITY = 0.6


class S2Cloudless:
    """Clouds found by s2cloudless in ten Level-1C bands at 60 m.

    Skakun et al. (2022).

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
    """Cloud, haze and snow by the haze test of Fmask.

    Zhu & Woodcock 2012: B02 - 0.5 B04 above 800, that is bright and not red. It cannot tell the
    three apart, and takes white rock and roofs for them; all count as cloud. What is narrower than
    three pixels does not count, and the rest is grown by two.
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
