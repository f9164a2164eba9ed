"""The one place where rasters are opened and written.

Reading is by window, as float32 with NaN for everything that is not data (nodata value, mask, NaN,
infinities); a band's GDAL scale and offset are applied, so that a stack may be stored in int16.
Writing goes to a temporary name beside the target, which gets its final name only when the file is
complete.
"""

from __future__ import annotations

import math
import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from engine.errors import L4SError, MissingFileError, UnreadableFileError
from engine.events import SILENT, Reporter
from engine.files import TEMPORARY, output_error, printable, real_path
from engine.grid import Grid
from engine.nodata import missing_pixels

# Old JPEG 2000 products and pictures have no georeference of their own. Where a grid is needed, its
# absence is an error with a sentence; the warning would reach the user twice and without remedy.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

GDAL_CACHE_MB = 128
BLOCK_PX = 512

RASTER_SUFFIXES = (
    ".tif",
    ".tiff",
    ".jp2",
    ".vrt",
    ".img",
    ".dat",
    ".bil",
    ".bip",
    ".bsq",
    ".asc",
    ".hgt",
    ".dt0",
    ".dt1",
    ".dt2",
)
"""Suffixes by which rasters are found in folders and archives. ENVI's ``.hdr`` may be opened, too,
but its data file stands beside it."""

ENVI_DATA = ("", ".dat", ".img", ".bin", ".raw", ".bsq", ".bil", ".bip")
"""What may stand in place of ``.hdr`` in the name of an ENVI raster's data."""

GDAL_OPTIONS: dict[str, Any] = {
    # rasterio passes this number on as bytes: 256 would mean no cache at all, and every block
    # written in parts is rewritten.
    "GDAL_CACHEMAX": GDAL_CACHE_MB * 2**20,
    # A raster beside hundreds of others must not be opened by listing the folder. Its own
    # companions (.aux.xml, .msk, .ovr, .hdr, .tfw) are still asked for by their names.
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
}
WRITE_OPTIONS: dict[str, Any] = {**GDAL_OPTIONS, "GDAL_PAM_ENABLED": "NO"}
"""Nothing is written beside a result: what does not fit into a GeoTIFF is left out."""


@contextmanager
def open_raster(path: Path | str) -> Iterator[DatasetReader]:
    """Open a raster for reading, also by GDAL paths (``/vsizip/…``).

    Raises:
        MissingFileError: There is no such file.
        UnreadableFileError: It is not a raster, or it is damaged (also when that shows only while
            reading).
    """
    if not str(path).startswith("/vsi"):
        path = Path(path)
        if not path.exists():
            raise MissingFileError(f"There is no file {path}; check the path.")
        if path.suffix.lower() == ".hdr":
            path = _envi_data(path)
    with rasterio.Env(**GDAL_OPTIONS), ExitStack() as opened:
        try:
            dataset = opened.enter_context(rasterio.open(path))
            _read_header(dataset)
        except Exception as error:  # damaged headers raise all kinds of errors, also of decoding
            raise _unreadable(path, error) from error
        _require_numbers(dataset, str(path))
        try:
            yield dataset
        except Exception as error:
            if not _of_gdal(error):
                raise
            raise _unreadable(path, error) from error


def _of_gdal(error: Exception) -> bool:
    """Whether an error says that a file is damaged.

    GDAL's own errors have no public class.
    """
    foreign = isinstance(error, RasterioError | UnicodeDecodeError)
    return foreign or type(error).__module__ == "rasterio._err"


def _unreadable(path: Path | str, error: Exception) -> UnreadableFileError:
    # Names and texts of files need not be UTF-8, but messages must.
    detail = printable(str(error.__cause__ or error)).splitlines() or [type(error).__name__]
    return UnreadableFileError(
        f"The raster {printable(str(path))} cannot be read ({detail[0][:200]}); it may be truncated"
        " or not a raster at all: download or export it again."
    )


def _read_header(dataset: DatasetReader) -> None:
    """Read all that is known without pixels, so that damage shows early."""
    dataset.tags()
    for band in range(1, dataset.count + 1):
        dataset.tags(band)
    for name in ("crs", "descriptions", "units", "colorinterp", "nodatavals", "mask_flag_enums"):
        getattr(dataset, name)


def _envi_data(header: Path) -> Path:
    """The data file that an ENVI header describes."""
    for suffix in ENVI_DATA:
        for name in (header.stem + suffix, header.stem + suffix.upper()):
            data = header.with_name(name)
            if data.is_file() and data != header:
                return data
    raise MissingFileError(
        f"{header} is the header of an ENVI raster, but its data ({header.stem}.dat or .img, or"
        " without a suffix) is not beside it; put both into one folder."
    )


def _require_numbers(dataset: DatasetReader, path: str) -> None:
    """Refuse complex values, and scales that are no numbers."""
    for dtype in dataset.dtypes:
        if "complex" in dtype or dtype.startswith("cint"):
            raise UnreadableFileError(
                f"The raster {path} holds complex numbers ({dtype}), as radar images do, but real"
                " ones are needed; give another file."
            )
    pairs = zip(dataset.scales, dataset.offsets, strict=True)
    for number, (scale, offset) in enumerate(pairs, start=1):
        if not (math.isfinite(scale) and math.isfinite(offset) and scale != 0):
            raise UnreadableFileError(
                f"Band {number} of {path} has the scale {scale:g} and the offset {offset:g}, which"
                " make no values of its numbers; set them right, for instance with"
                " `gdal_edit.py -scale 1 -offset 0 FILE`."
            )


def files_behind(path: Path) -> list[str]:
    """The files that a record should name for a path.

    A virtual raster stands for the files that it was made of: it may be a temporary one, as
    programs make it that pass on a choice of bands.
    """
    if path.suffix.lower() != ".vrt" or not path.is_file():
        return [str(path)]
    with open_raster(path) as dataset:
        sources = [file for file in dataset.files if not Path(file).samefile(path)]
    return list(dict.fromkeys(sources)) or [str(path)]


def grid_of(dataset: DatasetReader, name: str = "") -> Grid:
    """The grid of an open raster.

    Raises:
        MissingCRSError, GridError: See :class:`engine.grid.Grid`; the message names the file.
    """
    try:
        return Grid(dataset.crs, dataset.transform, (dataset.height, dataset.width))
    except L4SError as error:
        raise type(error)(f"{name or dataset.name}: {error}") from error


def read_window(
    dataset: DatasetReader, bands: Sequence[int], window: Window | None = None
) -> NDArray[np.float32]:
    """Read bands as float32: scaled, NaN where there is no data.

    Args:
        dataset: An open raster.
        bands: 1-based band numbers.
        window: The part to read; the whole raster by default. It must lie inside the raster.

    Returns:
        Array of shape (bands, rows, columns).
    """
    raw = dataset.read(list(bands), window=window)
    # What float32 cannot hold becomes infinite, and what is infinite is no data.
    with np.errstate(over="ignore", invalid="ignore"):
        return _as_values(dataset, raw, bands, window)


def _as_values(
    dataset: DatasetReader, raw: NDArray[Any], bands: Sequence[int], window: Window | None
) -> NDArray[np.float32]:
    values: NDArray[np.float32] = raw.astype(np.float32)
    scaled = False
    for index, band in enumerate(bands):
        missing = missing_pixels(dataset, raw[index], band, window)
        if missing is not None and missing.any():
            values[index][missing] = np.nan
    for index, band in enumerate(bands):
        scale, offset = dataset.scales[band - 1], dataset.offsets[band - 1]
        if (scale, offset) != (1.0, 0.0):
            scaled = True
            values[index] = values[index] * np.float32(scale) + np.float32(offset)
    if raw.dtype.kind == "f" or scaled:
        values[np.isinf(values)] = np.nan
    return values


class RasterWriter:
    """Write a tiled GeoTIFF by windows; it is named when complete.

    Use it as a context manager: leaving the block normally builds overviews and renames, leaving it
    by an exception (also by cancellation) removes the temporary file. Writing is safe from several
    threads.

    Args:
        path: The final path; its folder must exist. An existing file is replaced at the end.
        grid: Grid of the raster.
        dtype: NumPy name of the pixel type.
        bands: Description of each band.
        nodata: The nodata value, or None.
        scales: Factor of each band, raw * scale + offset giving the value; 1 by default.
        offsets: Offset of each band; 0 by default.
        tags: Metadata of the file.
        overviews: Whether to build overviews, for fast drawing in a GIS.
        resampling: How overviews are computed.
        profile: More creation options, overriding the defaults (tiled 512, ZSTD, BIGTIFF if
            needed).
        reporter: Asked for cancellation before each level of the overviews.

    Raises:
        OutputError: The file cannot be created.
        DiskFullError: The disk is full.
        CancelledError: On request, when the block is left.
    """

    def __init__(
        self,
        path: Path,
        grid: Grid,
        *,
        dtype: str,
        bands: Sequence[str],
        nodata: float | None = None,
        scales: Sequence[float] | None = None,
        offsets: Sequence[float] | None = None,
        tags: Mapping[str, str] | None = None,
        overviews: bool = True,
        resampling: Resampling = Resampling.average,
        profile: Mapping[str, Any] | None = None,
        reporter: Reporter = SILENT,
    ) -> None:
        self.path = path = real_path(path)
        self.grid = grid
        self._bands = tuple(bands)
        self._overviews = overviews
        self._resampling = resampling
        self._reporter = reporter
        self._temporary = path.with_name(path.name + TEMPORARY)
        self._lock = threading.Lock()
        self._env = rasterio.Env(**WRITE_OPTIONS)
        options: dict[str, Any] = {
            "driver": "GTiff",
            "dtype": dtype,
            "count": len(self._bands),
            "nodata": nodata,
            "crs": grid.crs,
            "transform": grid.transform,
            "height": grid.rows,
            "width": grid.columns,
            "tiled": True,
            "blockxsize": BLOCK_PX,
            "blockysize": BLOCK_PX,
            "compress": "zstd",
            "zstd_level": 1,
            "predictor": 3 if dtype.startswith("float") else 2,
            "bigtiff": "if_safer",
            "num_threads": "all_cpus",
        }
        options.update(profile or {})
        with self._mapped_errors():
            self._env.__enter__()
            try:
                self._dataset = rasterio.open(self._temporary, "w", **options)
            except BaseException:
                self._env.__exit__(None, None, None)
                raise
            for index, description in enumerate(self._bands, start=1):
                self._dataset.set_band_description(index, description)
            if scales is not None:
                self._dataset.scales = tuple(scales)
            if offsets is not None:
                self._dataset.offsets = tuple(offsets)
            self._dataset.update_tags(**(tags or {}))

    def write(
        self, values: NDArray[Any], window: Window | None = None, bands: Sequence[int] | None = None
    ) -> None:
        """Write raw (already encoded) values.

        Args:
            values: Array of shape (bands, rows, columns) of the writer's dtype.
            window: Where it goes; the whole raster by default.
            bands: 1-based numbers of the bands written; all by default.
        """
        with self._lock, self._mapped_errors():
            self._dataset.write(values, indexes=list(bands) if bands else None, window=window)

    def tag(self, tags: Mapping[str, str]) -> None:
        """Add metadata that is known only after writing."""
        with self._lock, self._mapped_errors():
            self._dataset.update_tags(**tags)

    def __enter__(self) -> RasterWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._mapped_errors():
                try:
                    if kind is None and self._overviews and max(self.grid.shape) > BLOCK_PX:
                        self._build_overviews()
                finally:
                    self._dataset.close()
                if kind is None:
                    self._reporter.check()
                    self._verify()
                    self._temporary.replace(self.path)
        finally:
            self._env.__exit__(None, None, None)
            self._temporary.unlink(missing_ok=True)

    def _build_overviews(self) -> None:
        # One level at a time: GDAL holds the interpreter while it builds, and nobody could cancel
        # meanwhile.
        for level in (2**n for n in range(1, 9) if max(self.grid.shape) / 2**n >= BLOCK_PX / 2):
            self._reporter.check()
            self._dataset.build_overviews([level], self._resampling)

    def _verify(self) -> None:
        # GDAL reports a full disk while closing only as a log line: reading the last block back is
        # what tells.
        rows, columns = self.grid.shape
        last = Window(max(0, columns - 1), max(0, rows - 1), 1, 1)
        with rasterio.open(self._temporary) as dataset:
            dataset.read(window=last)
        # Otherwise a power cut could leave the final name on an empty file.
        with self._temporary.open("r+b") as file:
            os.fsync(file.fileno())

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except (RasterioError, OSError) as error:
            if isinstance(error, L4SError):
                raise
            raise output_error(self.path, error) from error
