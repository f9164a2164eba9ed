"""The pixel grid on which everything lies.

A value, fixed when the stack is made and carried unchanged to the inventory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from engine.dateline import nearest_turn
from engine.errors import GridError, MissingCRSError, NoOverlapError
from engine.ground import Metric, full_turn, local_metric, pyproj_crs

Bounds = tuple[float, float, float, float]
"""(left, bottom, right, top) in the units of the CRS."""

_SNAP_PX = 1e-6
_SAME_PX = 1e-3
_ABOUT_TEN_M = (7.0, 14.0)
_METRIC_ROWS = 65
_MOST_PX = 2**31 - 1
_TRUE_SCALE = 0.005


@dataclass(frozen=True)
class Grid:
    """A north-up raster grid.

    Args:
        crs: Coordinate reference system; never empty.
        transform: Maps (column, row) to (x, y) of a pixel's upper left corner; without rotation,
            rows running south.
        shape: (rows, columns), both positive.

    Raises:
        MissingCRSError: There is no CRS.
        GridError: The transform is rotated or flipped, or the shape is empty.
    """

    crs: CRS
    transform: Affine
    shape: tuple[int, int]

    def __post_init__(self) -> None:
        if not self.crs:
            raise MissingCRSError(
                "The raster has no coordinate reference system; assign the right one first, for"
                " instance with `gdal_edit.py -a_srs EPSG:32651 FILE`."
            )
        t = self.transform
        if not all(math.isfinite(value) for value in t[:6]):
            raise GridError(
                "The raster's georeference holds numbers that are not finite; give it the right"
                " one, for instance with `gdal_edit.py -a_ullr LEFT TOP RIGHT BOTTOM FILE`."
            )
        if t.b != 0 or t.d != 0 or t.a <= 0 or t.e >= 0:
            raise GridError(
                "The raster is rotated, flipped or has no georeference, but a north-up grid is"
                " needed; warp it first, for instance with `gdalwarp`."
            )
        if min(self.shape) < 1:
            raise GridError(
                f"A grid needs at least one row and one column, but got {self.shape[0]} x"
                f" {self.shape[1]}."
            )
        if max(self.shape) > _MOST_PX:
            raise GridError(
                f"A grid of {self.shape[0]} x {self.shape[1]} pixels is more than any raster format"
                " holds; check the georeference, or choose a smaller area."
            )
        left, bottom, right, top = self.bounds
        if not (left < right and bottom < top):
            raise GridError(
                f"The raster's pixels of {t.a:g} x {-t.e:g} are too small beside its coordinates to"
                " be told apart; give it the right georeference, for instance with"
                " `gdal_edit.py -a_ullr LEFT TOP RIGHT BOTTOM FILE`."
            )

    @classmethod
    def from_bounds(
        cls, crs: CRS, bounds: Bounds, resolution: float, origin: tuple[float, float] = (0.0, 0.0)
    ) -> Grid:
        """Make the smallest grid that covers ``bounds``.

        It is snapped outward to multiples of ``resolution`` from ``origin``.

        Args:
            crs: Coordinate reference system of bounds and grid.
            bounds: (left, bottom, right, top) in units of the CRS.
            resolution: Pixel size in units of the CRS.
            origin: (x, y) of any pixel corner of the wanted lattice.

        Returns:
            The grid.
        """
        left, bottom, right, top = bounds
        x0, y0 = origin
        column0 = math.floor((left - x0) / resolution + _SNAP_PX)
        column1 = math.ceil((right - x0) / resolution - _SNAP_PX)
        row0 = math.floor((y0 - top) / resolution + _SNAP_PX)
        row1 = math.ceil((y0 - bottom) / resolution - _SNAP_PX)
        transform = Affine(
            resolution, 0, x0 + column0 * resolution, 0, -resolution, y0 - row0 * resolution
        )
        return cls(crs, transform, (max(1, row1 - row0), max(1, column1 - column0)))

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.shape[0]

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self.shape[1]

    @property
    def bounds(self) -> Bounds:
        """(left, bottom, right, top) in units of the CRS."""
        t = self.transform
        return (t.c, t.f + t.e * self.rows, t.c + t.a * self.columns, t.f)

    @property
    def pixel_size(self) -> tuple[float, float]:
        """(width, height) of a pixel in units of the CRS, both positive."""
        return (self.transform.a, -self.transform.e)

    @property
    def full_window(self) -> Window:
        """The window that covers the whole grid."""
        return Window(0, 0, self.columns, self.rows)

    def pixel_metric(self) -> Metric:
        """The metric of the ground in steps of one pixel, for each row.

        Measured along the middle column, with the local scale of the CRS (see
        :func:`engine.ground.local_metric`): the first axis runs along the columns, the second
        down the rows.

        Returns:
            The metric in m² per pixel², each part of shape (rows,).
        """
        width, height = self.pixel_size
        crs, t = pyproj_crs(self.crs), self.transform
        row: NDArray[np.float64] = np.arange(self.rows, dtype=np.float64) + 0.5
        # Distortion changes slowly: some rows are measured, and the others lie between them.
        few = row
        if self.rows > _METRIC_ROWS and not crs.is_geographic:
            few = np.linspace(0.5, self.rows - 0.5, _METRIC_ROWS, dtype=np.float64)
        x = np.full(len(few), t.c + width * self.columns / 2)
        metric = local_metric(crs, x, t.f - height * few).scaled(width, -height)
        return metric if few is row else metric.at(few, row)

    def pixel_size_m(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Measure a pixel's width and height on the ground, row by row.

        Returns:
            Widths and heights in metres, each of shape (rows,).
        """
        metric = self.pixel_metric()
        return metric.east_m, metric.north_m

    def pixel_area_m2(self) -> NDArray[np.float64]:
        """Area of one pixel in m² for each row, shape (rows,)."""
        return self.pixel_metric().area_m2

    def resolution_m(self) -> float:
        """Typical pixel size in metres.

        It is the square root of the middle row's pixel area.
        """
        at = Window(self.columns // 2, self.rows // 2, 1, 1)
        middle = Grid(self.crs, self.window_transform(at), (1, 1))
        return math.sqrt(float(middle.pixel_area_m2()[0]))

    def true_to_scale(self) -> bool:
        """Whether a CRS unit is a metre on the ground, within half a per cent."""
        width, height = self.pixel_size
        metric = self.pixel_metric()
        east, north = metric.east_m / width, metric.north_m / height
        return bool((np.abs([east - 1, north - 1]) < _TRUE_SCALE).all())

    def about_ten_metres(self) -> bool:
        """Whether its pixels are of about 10 m (7 to 14).

        Those are Sentinel-2's sharpest bands, on which models are trained.
        """
        return _ABOUT_TEN_M[0] <= self.resolution_m() <= _ABOUT_TEN_M[1]

    def window_transform(self, window: Window) -> Affine:
        """Transform of the part of the grid that ``window`` covers."""
        t = self.transform
        return Affine(t.a, 0, t.c + t.a * window.col_off, 0, t.e, t.f + t.e * window.row_off)

    def subgrid(self, window: Window) -> Grid:
        """The part of the grid that ``window`` covers, as a grid of its own."""
        return Grid(
            self.crs, self.window_transform(window), (int(window.height), int(window.width))
        )

    def window_of(self, bounds: Bounds) -> Window:
        """Find the window that covers ``bounds``.

        It is snapped outward and clipped to the grid.

        Args:
            bounds: (left, bottom, right, top) in units of the grid's CRS; longitudes may be a full
                turn away.

        Raises:
            NoOverlapError: The bounds lie outside the grid.
        """
        left, bottom, right, top = self.turned(bounds)
        width, height = self.pixel_size
        t = self.transform
        column0 = max(0, math.floor((left - t.c) / width + _SNAP_PX))
        column1 = min(self.columns, math.ceil((right - t.c) / width - _SNAP_PX))
        row0 = max(0, math.floor((t.f - top) / height + _SNAP_PX))
        row1 = min(self.rows, math.ceil((t.f - bottom) / height - _SNAP_PX))
        if column0 >= column1 or row0 >= row1:
            raise NoOverlapError(
                f"The area {_round(bounds)} lies outside the raster, which covers"
                f" {_round(self.bounds)} in {self.crs_name}; choose an area inside it."
            )
        return Window(column0, row0, column1 - column0, row1 - row0)

    def turned(self, bounds: Bounds) -> Bounds:
        """The bounds moved by the full turn that brings them to this grid.

        In degrees; unchanged in other units.
        """
        left, bottom, right, top = bounds
        mine = self.bounds
        turn = full_turn(pyproj_crs(self.crs))
        move = nearest_turn(left, right, mine[0], mine[2], turn)
        return left + move, bottom, right + move, top

    def windows(self, size_px: int) -> Iterator[Window]:
        """Cut the grid into windows of at most ``size_px`` a side, row by row."""
        for row in range(0, self.rows, size_px):
            for column in range(0, self.columns, size_px):
                yield Window(
                    column, row, min(size_px, self.columns - column), min(size_px, self.rows - row)
                )

    def shared(self, other: Grid) -> float:
        """Share of this grid that another covers, 0 to 1, by their boxes.

        1 where nothing leads from the one CRS to the other, so that it cannot be told.
        """
        bounds = other.bounds
        if other.crs != self.crs:
            try:
                bounds = transform_bounds(other.crs, self.crs, *bounds)
            except Exception:  # GDAL's own errors have no public class
                return 1.0
            if not all(math.isfinite(value) for value in bounds):
                return 1.0
        left, bottom, right, top = self.turned(bounds)
        mine = self.bounds
        width = min(right, mine[2]) - max(left, mine[0])
        height = min(top, mine[3]) - max(bottom, mine[1])
        area = (mine[2] - mine[0]) * (mine[3] - mine[1])
        return max(0.0, width) * max(0.0, height) / area

    def same_as(self, other: Grid) -> bool:
        """Whether the other grid has the same CRS, shape and transform.

        Transforms may differ by a thousandth of a pixel.
        """
        if self.shape != other.shape or self.crs != other.crs:
            return False
        width, height = self.pixel_size
        tolerance = np.array([width, width, width, height, height, height]) * _SAME_PX
        tolerance[[0, 1, 3, 4]] /= max(self.shape)
        return bool(
            (np.abs(np.subtract(self.transform[:6], other.transform[:6])) <= tolerance).all()
        )

    def require_same(self, other: Grid, mine: str, theirs: str) -> None:
        """Check that another raster lies on this very grid.

        Args:
            other: The other raster's grid.
            mine: What lies on this grid, for the message.
            theirs: What lies on the other, for the message.

        Raises:
            GridError: The grids differ.
        """
        if not self.same_as(other):
            raise GridError(
                f"The {theirs} ({other.describe()}) does not lie on the grid of the {mine}"
                f" ({self.describe()}); make both from the same stack."
            )

    @property
    def crs_name(self) -> str:
        """Short name of the CRS for people, such as ``EPSG:32651``."""
        epsg = self.crs.to_epsg()
        return f"EPSG:{epsg}" if epsg else str(self.crs.to_wkt()).split('"')[1]

    def describe(self) -> str:
        """One line for people: size, pixel size and CRS."""
        return (
            f"{self.columns} x {self.rows} pixels of {self.pixel_size[0]:g} x"
            f" {self.pixel_size[1]:g} in {self.crs_name}"
        )


def _round(bounds: Bounds) -> str:
    return "(" + ", ".join(f"{value:.6g}" for value in bounds) + ")"
