"""From imagery and elevation to a stack on one 10 m grid."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling

from engine import __version__
from engine.bands import OPTICAL, QUALITY, QUALITY_CLASSES, TERRAIN, in_order
from engine.errors import (
    ConfigError,
    NoOverlapError,
    NoValidPixelsError,
    ProductError,
    UnreadableFileError,
)
from engine.events import SILENT, Reporter
from engine.files import output_folder
from engine.grid import Bounds, Grid
from engine.handles import WELL_COVERED, Stack
from engine.raster import RasterWriter, open_raster
from engine.scene.announce import announce
from engine.scene.area import area_window
from engine.scene.clouds import open_bright_cover, open_s2cloudless
from engine.scene.dem import DemMosaic, open_dems, open_mosaic
from engine.scene.imagery import Imagery
from engine.scene.lattice import meets, ten_metre_grid, union
from engine.scene.layers import NODATA, PROVENANCE_TAG, Layer, open_band
from engine.scene.masks import open_quality
from engine.scene.pieces import read_all
from engine.scene.readers import open_imagery
from engine.scene.terrain import DEM_OFFSET, DEM_SCALE, SLOPE_SCALE, TerrainLayer

KERNELS = {
    "nearest": Resampling.nearest,
    "bilinear": Resampling.bilinear,
    "cubic": Resampling.cubic,
}


Quality = Literal["auto", "s2cloudless", "bright", "off"]


@dataclass(frozen=True)
class StackConfig:
    """How a stack is made.

    Attributes:
        aoi: Vector file in any CRS; the stack covers the box around it.
        bounds: (left, bottom, right, top) instead of ``aoi``.
        bounds_crs: CRS of ``bounds``; that of the imagery by default.
        resampling: Kernel for 20 m and 60 m bands; the benchmark used nearest neighbour.
        quality: ``auto`` takes the product's own cloud mask, where it has one; ``s2cloudless``
            computes one from Level-1C bands (extra ``clouds``); ``bright`` takes what is bright and
            not red for cloud, haze and snow; ``off`` takes none.
        dn_offset: Added to the DN instead of what metadata say.
        workers: Threads that read; 0 for one a processor.
    """

    aoi: Path | None = None
    bounds: Bounds | None = None
    bounds_crs: str | None = None
    resampling: Literal["nearest", "bilinear", "cubic"] = "nearest"
    quality: Quality = "auto"
    dn_offset: float | None = None
    workers: int = 0

    def __post_init__(self) -> None:
        if self.resampling not in KERNELS:
            raise ConfigError(
                f"The resampling {self.resampling!r} is not known; choose {', '.join(KERNELS)}."
            )
        if self.quality not in get_args(Quality):
            raise ConfigError(
                f"The quality mask {self.quality!r} is not known; choose"
                f" {', '.join(get_args(Quality))}."
            )
        if self.workers < 0:
            raise ConfigError("The number of workers cannot be negative; 0 means one a processor.")


def make_stack(
    imagery: Sequence[Path],
    dem: Sequence[Path],
    *,
    out: Path,
    config: StackConfig = StackConfig(),
    reporter: Reporter = SILENT,
) -> Stack:
    """Bring imagery and elevation onto one grid of about 10 m, in raw units.

    Args:
        imagery: Sentinel-2 products, folders of bands, or raster files (see
            :mod:`engine.scene.readers`).
        dem: Elevation files or archives; without any, the stack has no terrain channels.
        out: GeoTIFF to write. It holds int16: DN as they are, slope in 0.01 degree, elevation in
            0.2 m, with GDAL scales.
        config: Area, resampling and quality mask.
        reporter: Told about every piece; cancellation is noticed there.

    Returns:
        The stack.

    Raises:
        InputError: Products, files or the area cannot be used; the subclass says how.
        OutputError: The stack cannot be written.
    """
    products = open_imagery(imagery, dn_offset=config.dn_offset)
    _check_together(products, reporter)
    whole = ten_metre_grid(union([product.reference.grid for product in products]))
    grid = whole.subgrid(
        area_window(whole, aoi=config.aoi, bounds=config.bounds, bounds_crs=config.bounds_crs)
    )
    mosaics = open_dems(dem, reporter)
    _check_overlap(grid, mosaics)
    output_folder(out.parent)
    with ExitStack() as opened:
        layers, terrain = _open_layers(opened, products, mosaics, grid, config)
        _write(
            layers,
            terrain,
            products=products,
            dem=dem,
            grid=grid,
            out=out,
            config=config,
            reporter=reporter,
        )
    return Stack.open(out)


def stack_provenance(path: Path) -> dict[str, Any]:
    """What :func:`make_stack` wrote down about a stack; empty for other files.

    Inputs, offsets and where they come from, coverage, masked shares.

    Raises:
        MissingFileError, UnreadableFileError: There is no such raster, or its notes are damaged.
    """
    with open_raster(path) as dataset:
        text = dataset.tags().get(PROVENANCE_TAG)
    if not text:
        return {}
    try:
        noted = json.loads(text)
        named = [product["name"] for key in ("imagery", "before") for product in noted.get(key, [])]
        if not isinstance(noted, dict) or not all(isinstance(name, str) for name in named):
            raise TypeError("not a record")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnreadableFileError(
            f"What {path} notes of how it was made is damaged ({type(error).__name__}); make it"
            " again with `l4s stack`."
        ) from error
    return noted


def _check_together(products: Sequence[Imagery], reporter: Reporter) -> None:
    """Make sure that several products can be mosaicked."""
    first = products[0]
    for other in products[1:]:
        if other.reference.grid.crs != first.reference.grid.crs:
            raise ProductError(
                f"{first.name} is in {first.reference.grid.crs_name} and {other.name} in"
                f" {other.reference.grid.crs_name}; products of different zones do not share a"
                " pixel grid: make one stack for each zone and map them one by one."
            )
        if other.channels != first.channels:
            raise ProductError(
                f"{first.name} ({first.level}) has the bands {', '.join(first.channels)},"
                f" {other.name} ({other.level}) has {', '.join(other.channels)}; mosaic products of"
                " one level only."
            )
    dates = sorted({product.date for product in products if product.date})
    if len(dates) > 1:
        reporter.warn(
            f"The products are of different dates ({', '.join(dates)}); seams may show between"
            " them.",
            "scene-dates",
        )
    announce(products, reporter)
    missing = [name for name in OPTICAL if name not in first.channels]
    if missing:
        reporter.log(
            f"The imagery ({first.level}) lacks {', '.join(missing)}; the stack goes without."
        )


def _check_overlap(grid: Grid, mosaics: Sequence[DemMosaic]) -> None:
    """Refuse elevation that lies elsewhere, before anything is read."""
    if any(meets(grid, mosaic.grid) for mosaic in mosaics):
        return
    if mosaics:
        files = ", ".join(Path(f.path).name for mosaic in mosaics for f in mosaic.files)
        raise NoOverlapError(
            f"The DEM ({files}) does not cover any of the imagery ({grid.describe()}); give the DEM"
            " of this area."
        )


def _open_layers(
    opened: ExitStack,
    products: Sequence[Imagery],
    mosaics: Sequence[DemMosaic],
    grid: Grid,
    config: StackConfig,
) -> tuple[list[Layer], TerrainLayer | None]:
    """Open everything that is read, the reference band first.

    The quality band needs it.
    """
    kernel = KERNELS[config.resampling]
    reference = products[0].reference.channel
    names = sorted(products[0].channels, key=lambda name: name != reference)
    layers: list[Layer] = [
        opened.enter_context(
            open_band(name, [product.source(name) for product in products], grid, kernel)
        )
        for name in names
    ]
    quality: Layer | None = None
    if config.quality == "auto":
        quality = opened.enter_context(open_quality(products, grid))
    elif config.quality == "s2cloudless":
        quality = opened.enter_context(open_s2cloudless(products, grid))
    elif config.quality == "bright":
        quality = opened.enter_context(open_bright_cover(products, grid))
    if quality is not None:
        layers.append(quality)
    terrain: TerrainLayer | None = None
    if mosaics:
        terrain = TerrainLayer(
            grid, [opened.enter_context(open_mosaic(mosaic)) for mosaic in mosaics]
        )
        layers.append(terrain)
    return layers, terrain


def _write(
    layers: Sequence[Layer],
    terrain: TerrainLayer | None,
    *,
    products: Sequence[Imagery],
    dem: Sequence[Path],
    grid: Grid,
    out: Path,
    config: StackConfig,
    reporter: Reporter,
) -> None:
    written = {name for layer in layers for name in layer.names}
    bands = (*in_order(written), *([QUALITY] if QUALITY in written else []))
    scales = {"slope": SLOPE_SCALE, "DEM": DEM_SCALE}
    writer = RasterWriter(
        out,
        grid,
        dtype="int16",
        bands=bands,
        nodata=NODATA,
        scales=[scales.get(name, 1.0) for name in bands],
        offsets=[DEM_OFFSET if name == "DEM" else 0.0 for name in bands],
        overviews=False,
        profile={"interleave": "band"},
    )
    valid, classes = Counter[str](), Counter[int]()
    with writer:
        reference: NDArray[np.bool_] | None = None
        for layer, window, values in read_all(
            layers, grid, config.workers or os.cpu_count() or 1, reporter
        ):
            if layer is layers[0]:
                reference = values[0] == NODATA
            if layer.names == (QUALITY,) and reference is not None:
                values[0][reference] = QUALITY_CLASSES["nodata"]
                classes.update(
                    dict(
                        enumerate(
                            np.bincount(values.ravel(), minlength=len(QUALITY_CLASSES)).tolist()
                        )
                    )
                )
            writer.write(values, window, [bands.index(name) + 1 for name in layer.names])
            for name, one in zip(layer.names, values, strict=True):
                valid[name] += int(np.count_nonzero(one != NODATA))
        _check_content(valid, layers[0].names[0], terrain, dem, reporter)
        shares = {
            name: round(valid[name] / (grid.rows * grid.columns), 6)
            for name in bands
            if name != QUALITY
        }
        total = max(1, sum(classes.values()))
        masked = (
            {name: round(classes[code] / total, 6) for name, code in QUALITY_CLASSES.items()}
            if classes
            else None
        )
        writer.tag({PROVENANCE_TAG: json.dumps(_provenance(products, dem, config, shares, masked))})


def _check_content(
    valid: Counter[str],
    reference: str,
    terrain: TerrainLayer | None,
    dem: Sequence[Path],
    reporter: Reporter,
) -> None:
    """Refuse a stack without data, and tell how much the elevation covers."""
    if not valid[reference]:
        raise NoValidPixelsError(
            f"The imagery holds no data in this area: every pixel of {reference} is nodata; choose"
            " another area or product."
        )
    if terrain is None:
        return
    names = ", ".join(path.name for path in dem)
    if not valid[TERRAIN[1]]:
        raise NoOverlapError(
            f"The DEM ({names}) holds only voids in this area; give the DEM of this area."
        )
    if terrain.covered < WELL_COVERED:
        reporter.warn(
            f"The DEM ({names}) covers {100 * terrain.covered:.1f} % of the area; the rest has no"
            " terrain channels: add the missing DEM.",
            "scene-dem-partial",
        )


def _provenance(
    products: Sequence[Imagery],
    dem: Sequence[Path],
    config: StackConfig,
    valid: dict[str, float],
    masked: dict[str, float] | None,
) -> dict[str, Any]:
    return {
        "engine": __version__,
        "imagery": [
            {
                "name": product.name,
                "product": product.product,
                "level": product.level,
                "date": product.date,
                "baseline": product.baseline,
                "notes": list(product.notes),
                "dn_offsets": {source.channel: source.offset for source in product.bands},
                "dn_offset_source": product.offset.source,
                "dn_offset_detail": product.offset.detail,
                "left_out": list(product.left_out),
                "mask": product.mask.kind if product.mask else None,
            }
            for product in products
        ],
        "dem": [path.name for path in dem],
        "resampling": config.resampling,
        "quality": config.quality,
        "valid_share": valid,
        "dem_covered": valid.get("DEM"),
        "quality_share": masked,
    }
