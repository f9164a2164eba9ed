"""Imagery: which file holds which channel, grid and DN.

These are values only. What a path stands for is found out by :mod:`engine.scene.readers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.bands import in_order
from engine.grid import Grid

Level = Literal["L1C", "L2A", "unknown"]
MaskKind = Literal["SCL", "CLASSI", "CLOUDS_GML", "MAJA", "QA60"]
OffsetSource = Literal["option", "metadata", "tags", "name", "none"]


@dataclass(frozen=True)
class BandSource:
    """One channel in one file: ``DN = stored * scale + offset``.

    Attributes:
        channel: Name of the channel.
        path: File, or a GDAL path such as ``/vsizip/…``.
        band: 1-based band number in the file.
        grid: Its grid, which may come from the product's metadata.
        dtype: NumPy name of its pixel type.
        nodata: Stored value that means no data.
        scale: Factor from stored values to DN.
        offset: Added after scaling, in DN.
        nodata_found: Whether ``nodata`` was found among the values, as the file declares none.
        zero_missing: Whether 0 means no data as well, as Sentinel-2 itself stores it.
    """

    channel: str
    path: str
    band: int
    grid: Grid
    dtype: str
    nodata: float | None
    scale: float = 1.0
    offset: float = 0.0
    nodata_found: bool = False
    zero_missing: bool = False


@dataclass(frozen=True)
class MaskSource:
    """A quality mask that came with a product.

    Attributes:
        kind: ``SCL`` (scene classification), ``CLASSI`` (opaque, cirrus, snow), ``CLOUDS_GML``
            (cloud polygons), ``MAJA`` (bits of its cloud and geophysical masks) or ``QA60`` (Earth
            Engine's bits).
        path: File or GDAL path.
        grid: Its grid; that of the reference band for polygons.
        band: 1-based band number in the file; the first of three for ``CLASSI``.
        second: MAJA's geophysical mask (``MG2``) on the same grid, or empty.
    """

    kind: MaskKind
    path: str
    grid: Grid
    band: int = 1
    second: str = ""


@dataclass(frozen=True)
class Offset:
    """Where the offset of the DN comes from.

    Attributes:
        source: ``option`` (``--dn-offset``), ``metadata`` of the product, ``tags`` of the band
            files, ``name`` (baseline in a product's name), or ``none``: nothing states one.
        detail: What was found there, for people, such as ``processing baseline 05.09``.
        checked: Whether the darkest pixels are to be checked, because the source may be wrong.
    """

    source: OffsetSource = "none"
    detail: str = "nothing states an offset"
    checked: bool = True


@dataclass(frozen=True)
class Imagery:
    """The optical channels of one acquisition over one piece of ground.

    Attributes:
        name: How it is called in provenance and messages.
        level: Processing level, as far as it is known.
        date: Day of acquisition as ``YYYY-MM-DD``, or empty.
        bands: One source a channel.
        mask: Its quality mask, if it has one.
        notes: What was done to the values, a sentence each, for provenance.
        extra: Bands that are no channel of the stack but useful to cloud detection (``B8A``).
        product: Kind of product, for people, such as ``Sentinel-2 SAFE``.
        baseline: Processing baseline such as ``05.09``, or empty.
        offset: Where the offset of its DN comes from.
        left_out: What was found beside the bands and not used, with the reason.
    """

    name: str
    level: Level
    date: str
    bands: tuple[BandSource, ...]
    mask: MaskSource | None = None
    notes: tuple[str, ...] = ()
    extra: tuple[BandSource, ...] = ()
    product: str = ""
    baseline: str = ""
    offset: Offset = Offset()
    left_out: tuple[str, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of its channels, in the benchmark's order."""
        return in_order(source.channel for source in self.bands)

    def source(self, channel: str) -> BandSource:
        """Where a channel is read from."""
        return next(source for source in self.bands if source.channel == channel)

    @property
    def reference(self) -> BandSource:
        """The band that fixes the grid: B02, else another of 10 m or finest."""
        finest = min(source.grid.resolution_m() for source in self.bands)
        sharp = [source for source in self.bands if source.grid.resolution_m() < finest * 1.5]
        preferred = ("B02", "B03", "B04", "B08")
        return next((s for name in preferred for s in sharp if s.channel == name), sharp[0])
