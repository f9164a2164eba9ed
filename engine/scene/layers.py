"""Reading a source on the target grid, as the stack stores it.

Where a source and the target share a CRS and the nearest pixel is wanted, indices are computed here
and each native pixel is read once: exact, and as fast as decoding. GDAL warps everything else.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.warp import reproject
from rasterio.windows import Window

from engine.errors import UnreadableFileError
from engine.grid import Grid
from engine.nodata import missing_pixels
from engine.raster import open_raster
from engine.scene.imagery import BandSource
from engine.scene.lattice import turned, window_around

NODATA = -32768
PROVENANCE_TAG = "L4S_PROVENANCE"
"""Tag in which a stack says what it was made of."""

DN_MAX = 32767
LEAST_DN = -5000.0
"""Lower DN are no reflectance: atmospheric corrections fall a few hundred below 0 at most."""
_TIE_PX = 1e-6
_KERNEL_PX = 4

Encode = Callable[[NDArray[Any]], NDArray[np.int16]]


class Layer(Protocol):
    """Something that fills one or more bands of the stack."""

    @property
    def names(self) -> tuple[str, ...]:
        """Bands of the stack that it fills."""
        ...

    def read(self, window: Window) -> NDArray[np.int16]:
        """Encoded values of a window, shape (names, rows, columns)."""
        ...


class OpenSource:
    """One band of an open file, read on the target grid.

    Safe to share between threads: reads take turns.

    Args:
        dataset: The open file.
        source: What is read of it.
        target: The grid wanted.
        encode: Turns stored values into the stack's int16, :data:`NODATA` where there is no data.
        resampling: Kernel for pixels that are not those of the target.
        missing: Encoded value of pixels that the file declares to be no data.
    """

    def __init__(
        self,
        dataset: Any,
        source: BandSource,
        target: Grid,
        *,
        encode: Encode,
        resampling: Resampling,
        missing: int = NODATA,
    ) -> None:
        self._missing = np.int16(missing)
        self._source = source
        self._target = target
        # In degrees the target may go on beyond the date line.
        bounds = source.grid.bounds
        self._placed = turned(source.grid, target.turned(bounds)[0] - bounds[0])
        self._encode = encode
        self._lock = threading.Lock()
        self._dataset = dataset
        self._resampling = resampling
        same_pixels = np.allclose(source.grid.pixel_size, target.pixel_size, rtol=1e-6)
        self._warps = source.grid.crs != target.crs or not (
            resampling is Resampling.nearest or same_pixels
        )

    def read(self, window: Window) -> NDArray[np.int16] | None:
        """Read a window, encoded, or None where the source does not reach.

        Returns:
            Array of shape (rows, columns).

        Raises:
            UnreadableFileError: The file is damaged there.
        """
        try:
            return self._read_warped(window) if self._warps else self._read_nearest(window)
        except RasterioError as error:
            raise UnreadableFileError(
                f"{self._source.path} cannot be read ({error.__cause__ or error}); it is damaged or"
                " truncated: download it again."
            ) from error

    def _read_nearest(self, window: Window) -> NDArray[np.int16] | None:
        mine, wanted = self._placed, self._target.window_transform(window)
        reach = 0.5 if mine.pixel_size[0] > 1.5 * self._target.pixel_size[0] else 0.0
        t = mine.transform
        columns = _indices(wanted.c, wanted.a, int(window.width), t.c, t.a, mine.columns, reach)
        rows = _indices(wanted.f, wanted.e, int(window.height), t.f, t.e, mine.rows, reach)
        in_columns, in_rows = columns >= 0, rows >= 0
        if not in_columns.any() or not in_rows.any():
            return None
        used_columns, used_rows = columns[in_columns], rows[in_rows]
        column0, row0 = int(used_columns[0]), int(used_rows[0])
        piece = Window(
            column0, row0, int(used_columns[-1]) - column0 + 1, int(used_rows[-1]) - row0 + 1
        )
        # Encoding before widening: a 60 m pixel is encoded once, not 36 times.
        native = self._native(piece)
        if native.shape != (used_rows.size, used_columns.size):
            native = native.take(used_columns - column0, axis=1).take(used_rows - row0, axis=0)
        if in_columns.all() and in_rows.all():
            return native
        result = np.full((int(window.height), int(window.width)), NODATA, np.int16)
        result[np.ix_(in_rows, in_columns)] = native
        return result

    def _native(self, piece: Window) -> NDArray[np.int16]:
        """Encoded values of a piece of the source's own grid."""
        with self._lock:
            values = self._dataset.read(self._source.band, window=piece)
            missing = missing_pixels(self._dataset, values, self._source.band, piece)
        native = self._encode(values)
        if missing is not None and missing.any():
            native = np.where(missing, self._missing, native)
        return native

    def _read_warped(self, window: Window) -> NDArray[np.int16] | None:
        """Encode first, warp afterwards: nodata never enters a kernel."""
        target = self._target.subgrid(window)
        mine = self._source.grid
        found = window_around(mine, target, _KERNEL_PX)
        if found is None:
            return None
        piece, turn = found
        native = self._native(piece)
        result = np.full(target.shape, NODATA, np.int16)
        reproject(
            native,
            result,
            src_transform=turned(mine.subgrid(piece), turn).transform,
            src_crs=mine.crs,
            dst_transform=target.transform,
            dst_crs=target.crs,
            src_nodata=NODATA,
            dst_nodata=NODATA,
            resampling=self._resampling,
            num_threads=1,
            **(
                {}
                if target.resolution_m() > 1.5 * mine.resolution_m()
                else {"XSCALE": 1, "YSCALE": 1}
            ),
        )
        return result


def _indices(
    start: float, step: float, count: int, origin: float, pixel: float, size: int, reach: float
) -> NDArray[np.int64]:
    """Source index under each target pixel's centre, -1 outside.

    Pixels up to ``reach`` beyond the edge repeat it.
    """
    position = (start + (np.arange(count) + 0.5) * step - origin) / pixel
    index = np.floor(position + _TIE_PX).astype(np.int64)
    near = (position >= -reach - _TIE_PX) & (position < size + reach - _TIE_PX)
    return np.where(near, np.clip(index, 0, size - 1), -1)


class BandLayer:
    """A channel, mosaicked from one source a product.

    Where the first has no data, the next one is read.
    """

    def __init__(self, name: str, sources: Sequence[OpenSource]) -> None:
        self.names = (name,)
        self._sources = tuple(sources)

    def read(self, window: Window) -> NDArray[np.int16]:
        """Encoded values, shape (1, rows, columns)."""
        result: NDArray[np.int16] | None = None
        for source in self._sources:
            values = source.read(window)
            if values is None:
                continue
            if result is None:
                result = values
            else:
                np.copyto(result, values, where=result == NODATA)
            if not (result == NODATA).any():
                break
        if result is None:
            result = np.full((int(window.height), int(window.width)), NODATA, np.int16)
        return result[np.newaxis]


@contextmanager
def open_band(
    name: str, sources: Sequence[BandSource], target: Grid, resampling: Resampling
) -> Iterator[BandLayer]:
    """Open a channel's files for reading on the target grid."""
    with ExitStack() as stack:
        opened = []
        for source in sources:
            dataset = stack.enter_context(open_raster(source.path))
            encode = dn_encoder(source)
            opened.append(OpenSource(dataset, source, target, encode=encode, resampling=resampling))
        yield BandLayer(name, opened)


def dn_encoder(source: BandSource) -> Encode:
    """How a band's stored values become int16 DN.

    They are scaled, offset, clipped at 32767, and nodata is set, also for what no reflectance can
    be: undeclared fills such as -9999. 16-bit values go through a table of all 65536 of them, made
    once.
    """

    def compute(values: NDArray[Any]) -> NDArray[np.int16]:
        dn = values.astype(np.float64) * source.scale + source.offset
        missing = ~(dn >= LEAST_DN)  # NaN, too
        missing |= np.isinf(dn)
        if source.nodata is not None and not math.isnan(source.nodata):
            missing |= values == source.nodata
        if source.zero_missing:
            missing |= values == 0
        return np.where(
            missing, NODATA, np.clip(np.rint(np.where(missing, 0, dn)), NODATA + 1, DN_MAX)
        ).astype(np.int16)

    if source.dtype != "uint16":
        return compute
    table = compute(np.arange(65536, dtype=np.uint16))
    return lambda values: table[values]
