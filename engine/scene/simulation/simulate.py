"""A plausible mountain scene with known landslides, written as files.

Demo, tests and benchmarks run on it. Everything follows from a seed. The scene is made block by
block, so a full 10980 x 10980 tile needs no more memory than a small one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from engine import __version__
from engine.bands import OPTICAL, QUALITY, QUALITY_CLASSES, TERRAIN
from engine.events import SILENT, Reporter
from engine.files import atomic_path, output_folder
from engine.grid import Bounds, Grid
from engine.raster import RasterWriter
from engine.scene.layers import NODATA
from engine.scene.simulation.landscape import Block
from engine.scene.simulation.rendering import (
    PIXEL_M,
    Rendered,
    Scene,
    SimulationConfig,
    rounded_size,
    widened,
)
from engine.scene.simulation.safe import STORED_OFFSET, SafeName, write_alos, write_safe
from engine.scene.simulation.surface import BANDS, RESOLUTION_M
from engine.scene.terrain import DEM_OFFSET, DEM_SCALE, SLOPE_SCALE, encode

DEFAULT = SimulationConfig()
DEM_PIXEL_M = 12.5
_DEM_MARGIN_PX = 40
_SENSED, _SENSED_BEFORE = "20240718T023551", "20230713T023551"

__all__ = ["Scene", "SimulatedScene", "SimulationConfig", "rounded_size", "simulate"]


@dataclass(frozen=True)
class SimulatedScene:
    """What was written.

    Attributes:
        imagery: What ``--sentinel2`` takes.
        dem: What ``--dem`` takes.
        truth: Mask of the landslides at 10 m: 1 landslide, 0 none.
        stack: The stack that a perfect ``l4s stack`` would make, with the quality band.
        before: Imagery before the landslides, if asked for.
        landslides: Number of landslides that touch the scene.
        landslide_share: Share of its pixels that are landslide.
    """

    imagery: tuple[Path, ...]
    dem: tuple[Path, ...]
    truth: Path
    stack: Path
    before: tuple[Path, ...]
    landslides: int
    landslide_share: float


def simulate(
    out: Path, config: SimulationConfig = DEFAULT, reporter: Reporter = SILENT
) -> SimulatedScene:
    """Write a scene with known landslides.

    Args:
        out: Folder to write into; it is created.
        config: What is simulated.
        reporter: Told about every piece.

    Returns:
        What was written.

    Raises:
        OutputError: The folder cannot be written.
    """
    output_folder(out)
    scene = Scene.plan(config)
    truth, stack = out / "truth.tif", out / "truth_stack.tif"
    dem = _write_dems(scene, out, reporter)
    imagery, covered = _write_scene(scene, out, truth, stack, reporter)
    before: tuple[Path, ...] = ()
    if config.before:
        before = (_write_before(scene.year_before(), output_folder(out / "before"), reporter),)
    landslides = _touching(scene)
    share = covered / config.size_px**2
    with atomic_path(out / "scene.json") as path:
        facts = {
            "engine": __version__,
            **asdict(config),
            "landslides": landslides,
            "landslide_share": round(share, 6),
        }
        path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    return SimulatedScene((imagery,), dem, truth, stack, before, landslides, share)


def _touching(scene: Scene) -> int:
    extent = scene.config.size_px * PIXEL_M
    x, y = scene.slides.x, scene.slides.y
    return int(((x > 0) & (x < extent) & (y > 0) & (y < extent)).any(axis=1).sum())


def _write_scene(
    scene: Scene, out: Path, truth: Path, stack: Path, reporter: Reporter
) -> tuple[Path, int]:
    """Write bands, truth and true stack in one pass.

    Returns:
        The imagery's path and the number of landslide pixels.
    """
    covered = 0
    names = (*OPTICAL, *TERRAIN, QUALITY)
    with _imagery(scene, out, _SENSED, reporter) as product:
        with ExitStack() as opened:
            mask = opened.enter_context(
                RasterWriter(truth, scene.grid, dtype="uint8", bands=("landslide",), nodata=255)
            )
            true = opened.enter_context(
                RasterWriter(
                    stack,
                    scene.grid,
                    dtype="int16",
                    bands=names,
                    nodata=NODATA,
                    overviews=False,
                    profile={"interleave": "band"},
                    scales=[
                        {"slope": SLOPE_SCALE, "DEM": DEM_SCALE}.get(name, 1.0) for name in names
                    ],
                    offsets=[DEM_OFFSET if name == "DEM" else 0.0 for name in names],
                )
            )
            bands = opened.enter_context(BandFiles(product.bands, scene))
            windows = list(scene.windows())
            for done, window in enumerate(windows):
                reporter.progress("simulate", done, len(windows))
                piece = scene.render(window)
                bands.write(piece, window)
                mask.write(piece.truth[np.newaxis], window)
                true.write(_stacked(piece), window)
                covered += int(piece.truth.sum())
        reporter.progress("simulate", len(windows), len(windows))
        return product.finish(), covered


def _write_before(scene: Scene, out: Path, reporter: Reporter) -> Path:
    windows = list(scene.windows())
    with _imagery(scene, out, _SENSED_BEFORE, reporter) as product:
        with BandFiles(product.bands, scene) as bands:
            for done, window in enumerate(windows):
                reporter.progress("simulate before", done, len(windows))
                bands.write(scene.render(window), window)
        reporter.progress("simulate before", len(windows), len(windows))
        return product.finish()


@dataclass(frozen=True)
class _Product:
    """Imagery in the making: where bands are written."""

    bands: Path
    finish: Callable[[], Path]


@contextmanager
def _imagery(scene: Scene, out: Path, sensed: str, reporter: Reporter) -> Iterator[_Product]:
    config = scene.config
    if config.product == "bands":
        folder = output_folder(out / "sentinel2")
        yield _Product(folder, lambda: folder)
        return
    with TemporaryDirectory(prefix=".bands-", dir=out) as temporary:
        folder = Path(temporary)
        name = SafeName("L2A" if config.product == "l2a" else "L1C", sensed)
        sources = {band: (folder / f"{band}.tif", RESOLUTION_M[band]) for band in BANDS}
        sources["SCL" if config.product == "l2a" else "CLASSI"] = (
            (folder / "SCL.tif", 20) if config.product == "l2a" else (folder / "CLASSI.tif", 60)
        )
        yield _Product(
            folder,
            lambda: write_safe(
                sources,
                out,
                name=name,
                size_px=config.size_px,
                zipped=config.zipped,
                reporter=reporter,
            ),
        )


def _stacked(piece: Rendered) -> NDArray[np.int16]:
    """The piece as a perfect stack holds it.

    Shape (12 bands, slope, DEM, QA; rows, columns).
    """
    layers = [widened(piece.bands[name], int(RESOLUTION_M[name] / PIXEL_M)) for name in OPTICAL]
    return np.concatenate(
        [
            np.stack(layers),
            encode(piece.slope, piece.heights),
            piece.quality[np.newaxis].astype(np.int16),
        ]
    )


class BandFiles(ExitStack):
    """One GeoTIFF a band, and the cloud mask, written by pieces.

    Plain bands hold DN and lie beside a scene classification; those of a SAFE hold DN + 1000, as
    since processing baseline 04.00.
    """

    def __init__(self, folder: Path, scene: Scene) -> None:
        super().__init__()
        self._stored_offset = 0 if scene.config.product == "bands" else STORED_OFFSET
        self._grid = scene.grid
        self._writers = {
            name: self._open(folder, name, int(RESOLUTION_M[name] / PIXEL_M), "uint16", (name,))
            for name in BANDS
        }
        if scene.config.product == "l1c":
            self._mask = self._open(folder, "CLASSI", 6, "uint8", ("opaque", "cirrus", "snow"))
        else:
            self._mask = self._open(folder, "SCL", 2, "uint8", ("SCL",))

    def _open(
        self, folder: Path, name: str, factor: int, dtype: str, bands: tuple[str, ...]
    ) -> tuple[int, RasterWriter]:
        grid = self._grid
        t = grid.transform
        wide = Affine(t.a * factor, 0, t.c, 0, t.e * factor, t.f)
        native = Grid(grid.crs, wide, (grid.rows // factor, grid.columns // factor))
        nodata = 0 if dtype == "uint16" else None
        writer = RasterWriter(
            folder / f"{name}.tif", native, dtype=dtype, bands=bands, nodata=nodata, overviews=False
        )
        return factor, self.enter_context(writer)

    def write(self, piece: Rendered, window: Window) -> None:
        """Write one piece of every band."""
        for name, (factor, writer) in self._writers.items():
            values = (piece.bands[name] + self._stored_offset).astype(np.uint16)
            writer.write(values[np.newaxis], _coarse(window, factor))
        factor, writer = self._mask
        quality = piece.quality[::factor, ::factor]
        cloud = quality == QUALITY_CLASSES["cloud"]
        if factor == 2:
            values = np.where(cloud, 9, np.where(quality == QUALITY_CLASSES["shadow"], 3, 4))[
                np.newaxis
            ]
        else:
            values = np.stack([cloud, np.zeros_like(cloud), np.zeros_like(cloud)])
        writer.write(values.astype(np.uint8), _coarse(window, factor))


def _coarse(window: Window, factor: int) -> Window:
    return Window(
        window.col_off // factor,
        window.row_off // factor,
        window.width // factor,
        window.height // factor,
    )


def _write_dems(scene: Scene, out: Path, reporter: Reporter) -> tuple[Path, ...]:
    """Write the elevation beside the imagery.

    One GeoTIFF beside plain bands; two overlapping ALOS-like archives beside a SAFE.
    """
    left, bottom, right, top = scene.grid.bounds
    margin = _DEM_MARGIN_PX * DEM_PIXEL_M
    whole = (left - margin, bottom - margin, right + margin, top + margin)
    if scene.config.product == "bands":
        return (_write_dem(scene, out / "dem.tif", whole, (left - 3.1, top + 4.7), reporter),)
    middle = (left + right) / 2
    west, east = (
        (whole[0], whole[1], middle + margin, whole[3]),
        (
            middle - margin,
            whole[1],
            whole[2],
            whole[3],
        ),
    )
    archives = []
    with TemporaryDirectory(prefix=".dem-", dir=out) as temporary:
        # Real frames do not share a lattice either.
        for frame, bounds, origin in (
            (460, west, (left - 3.1, top + 4.7)),
            (470, east, (left + 2.2, top + 1.3)),
        ):
            archives.append(
                write_alos(
                    _write_dem(scene, Path(temporary) / f"{frame}.tif", bounds, origin, reporter),
                    out,
                    frame,
                )
            )
    return tuple(archives)


def _write_dem(
    scene: Scene, path: Path, bounds: Bounds, origin: tuple[float, float], reporter: Reporter
) -> Path:
    """Write elevation as ALOS PALSAR RTC has it.

    12.5 m, whole metres, a grid of its own.
    """
    grid = Grid.from_bounds(scene.grid.crs, bounds, DEM_PIXEL_M, origin)
    windows = list(grid.windows(2048))
    with RasterWriter(
        path, grid, dtype="int16", bands=("DEM",), nodata=NODATA, overviews=False
    ) as writer:
        for done, window in enumerate(windows):
            reporter.progress("simulate terrain", done, len(windows))
            writer.write(_dem_piece(scene, grid, window)[np.newaxis], window)
    reporter.progress("simulate terrain", len(windows), len(windows))
    return path


def _dem_piece(scene: Scene, grid: Grid, window: Window) -> NDArray[np.int16]:
    part = grid.window_transform(window)
    x = part.c - scene.grid.transform.c + (np.arange(window.width) + 0.5) * DEM_PIXEL_M
    y = scene.grid.transform.f - part.f + (np.arange(window.height) + 0.5) * DEM_PIXEL_M
    return np.rint(scene.landscape.heights_m(Block(x, y))).astype(np.int16)
