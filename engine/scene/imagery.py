"""What a user points at becomes imagery: which file holds which channel, on which grid, and how its
values become DN.

The openers stand in one literal list, in :func:`_openers`; each looks at a path and either answers
with imagery or says that it is not for it. Nothing is read here but headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from rasterio.io import DatasetReader

from engine.bands import (
    LARGEST_REFLECTANCE,
    OPTICAL,
    REFLECTANCE_DN,
    channel_name,
    in_order,
    require_digital_numbers,
)
from engine.errors import ChannelError, MissingFileError, ProductError
from engine.grid import Grid
from engine.nodata import has_mask, undeclared_fill
from engine.raster import grid_of, open_raster

Level = Literal["L1C", "L2A", "unknown"]
MaskKind = Literal["SCL", "CLASSI", "CLOUDS_GML"]

RASTERS = (".tif", ".tiff", ".jp2", ".vrt", ".img")
OFFSET_SINCE_BASELINE = 400
_PRODUCT = re.compile(r"(S2[A-D])_MSI(L1C|L2A)_(\d{8})T\d{6}_N(\d{4})")
_DATE = re.compile(r"(?:^|[^0-9])(20[0-9]{2}[01][0-9][0-3][0-9])(?=[^0-9]|$)")
_EXTRA = re.compile(r"(?:^|[^A-Za-z0-9])B8A(?:_[126]0m)?$", re.IGNORECASE)
_MASK_WORDS: dict[str, MaskKind] = {"SCL": "SCL", "CLASSI": "CLASSI"}


@dataclass(frozen=True)
class BandSource:
    """One channel in one file: ``DN = stored * scale + offset``.

    Attributes:
        channel: Name of the channel.
        path: File, or a GDAL path such as ``/vsizip/…``.
        band: 1-based band number in the file.
        grid: Its grid.
        dtype: NumPy name of its pixel type.
        nodata: Stored value that means no data.
        scale: Factor from stored values to DN.
        offset: Added after scaling, in DN.
    """

    channel: str
    path: str
    band: int
    grid: Grid
    dtype: str
    nodata: float | None
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class MaskSource:
    """A quality mask that came with a product.

    Attributes:
        kind: ``SCL`` (scene classification), ``CLASSI`` (opaque, cirrus, snow) or ``CLOUDS_GML``
            (cloud polygons).
        path: File or GDAL path.
        grid: Its grid; that of the reference band for polygons.
    """

    kind: MaskKind
    path: str
    grid: Grid


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
    """

    name: str
    level: Level
    date: str
    bands: tuple[BandSource, ...]
    mask: MaskSource | None = None
    notes: tuple[str, ...] = ()
    extra: tuple[BandSource, ...] = ()

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of its channels, in the benchmark's order."""
        return in_order(source.channel for source in self.bands)

    def source(self, channel: str) -> BandSource:
        """Where a channel is read from."""
        return next(source for source in self.bands if source.channel == channel)

    @property
    def reference(self) -> BandSource:
        """The band that fixes the grid: B02, else another 10 m band, else the finest one."""
        finest = min(source.grid.resolution_m() for source in self.bands)
        sharp = [source for source in self.bands if source.grid.resolution_m() < finest * 1.5]
        preferred = ("B02", "B03", "B04", "B08")
        return next((s for name in preferred for s in sharp if s.channel == name), sharp[0])


Opener = Callable[[Path, "float | None"], "list[Imagery] | None"]


def open_imagery(paths: Sequence[Path], *, dn_offset: float | None = None) -> list[Imagery]:
    """Find out what the given paths hold.

    Args:
        paths: Products (SAFE folder or zip), folders of band files, single-band files that belong
            together, or multi-band files.
        dn_offset: Added to the DN of every band instead of what metadata or file names say.

    Returns:
        One entry for each product; more than one are to be mosaicked.

    Raises:
        MissingFileError, UnreadableFileError: A path does not exist or is no raster.
        ProductError, ChannelError: A product is incomplete or its bands cannot be told apart.
    """
    if not paths:
        raise ProductError(
            "No imagery was given; name a Sentinel-2 product, a folder of bands, or GeoTIFF files."
        )
    found: list[Imagery] = []
    loose: list[Path] = []
    for path in paths:
        if not path.exists():
            raise MissingFileError(f"There is no file or folder {path}; check the path.")
        answers = (opener(path, dn_offset) for opener in _openers())
        imagery = next((answer for answer in answers if answer is not None), None)
        if imagery is None:
            loose.append(path)
        else:
            found += imagery
    return found + _from_files(loose, dn_offset)


def _openers() -> tuple[Opener, ...]:
    from engine.scene.sentinel2 import (  # here, because that module builds on the nouns above
        open_safe,
        open_zip,
    )

    return (open_safe, open_zip, open_band_folder)


def open_band_folder(path: Path, dn_offset: float | None) -> list[Imagery] | None:
    """Open a folder of single-band files, such as ``B02.tif`` or ``*_B02_10m.jp2``; None if it is
    no folder.
    """
    if not path.is_dir():
        return None
    files = sorted(
        str(p)
        for pattern in ("*", "*/*")
        for p in path.glob(pattern)
        if p.suffix.lower() in RASTERS
    )
    return [band_folder(files, path, dn_offset)]


def band_folder(files: Sequence[str], where: Path, dn_offset: float | None) -> Imagery:
    """Make imagery of the band files of a folder or archive.

    Args:
        files: Paths or GDAL paths of all its rasters.
        where: The folder or archive; its name may tell product, level and date.
        dn_offset: See :func:`open_imagery`.

    Raises:
        ProductError: No file's name tells a band, or several files are the same band.
    """
    named = [p for p in files if file_channel(Path(p)) in OPTICAL]
    if not named:
        raise ProductError(
            f"{where} holds no Sentinel-2 product and no raster whose name tells a band (such as"
            " B02.tif or T51TVF_20200101_B02_10m.jp2); name the bands' files so, or give one"
            " multi-band GeoTIFF with band descriptions."
        )
    hints = where.name if _PRODUCT.search(where.name) else f"{where.name}/{Path(named[0]).name}"
    sources = [source for p in named for source in _sources(p, dn_offset, hints)]
    bands = _finest(sources, str(where))
    notes = _offset_notes(bands, hints)
    extra = tuple(_extra(p, dn_offset, hints) for p in files if _EXTRA.search(Path(p).stem))
    return Imagery(
        where.name, _level(hints), _date(hints), bands, _mask_in(files), notes, extra[:1]
    )


def _from_files(paths: Sequence[Path], dn_offset: float | None) -> list[Imagery]:
    """Put loose raster files together: files of different channels are one image, files that repeat
    a channel are another.
    """
    groups: list[list[BandSource]] = []
    names: list[Path] = []
    for path in paths:
        sources = _sources(path, dn_offset, path.parent.name + "/" + path.name)
        own = {source.channel for source in sources}
        group = next((g for g in groups if not own & {s.channel for s in g}), None)
        if group is None:
            groups.append(sources)
            names.append(path)
        else:
            group += sources
    result = []
    for first, group in zip(names, groups, strict=True):
        title = (
            first.name
            if len({s.path for s in group}) == 1
            else f"{first.parent.name}/{first.name} …"
        )
        notes = _offset_notes(group, f"{first.parent.name}/{first.name}")
        level = _level(f"{first.parent.name}/{first.name}")
        bands = tuple(sorted(group, key=lambda s: OPTICAL.index(s.channel)))
        result.append(
            Imagery(title, level, _date(first.name) or _date(first.parent.name), bands, notes=notes)
        )
    return result


def _sources(path: Path | str, dn_offset: float | None, name: str) -> list[BandSource]:
    """The optical bands of one file."""
    with open_raster(path) as dataset:
        grid = grid_of(dataset, str(path))
        channels = _channels_of(dataset, Path(path))
        return [
            replace(source, offset=source.offset + dn_offset_of(name, source.scale, dn_offset))
            for index, channel in channels
            if (source := band_source(dataset, str(path), channel, index, grid))
        ]


def _extra(path: str, dn_offset: float | None, name: str) -> BandSource:
    with open_raster(path) as dataset:
        source = band_source(dataset, path, "B8A", 1, grid_of(dataset, path))
    return replace(source, offset=source.offset + dn_offset_of(name, source.scale, dn_offset))


def _channels_of(dataset: DatasetReader, path: Path) -> list[tuple[int, str]]:
    described = [channel_name(text or "") for text in dataset.descriptions]
    if dataset.count == 1 and described[0] is None:
        described = [file_channel(path)]
    found = [(index, name) for index, name in enumerate(described, start=1) if name in OPTICAL]
    if not found:
        raise ChannelError(
            f"{path}: none of its {dataset.count} band(s) is named after a Sentinel-2 band;"
            " describe them (B02, B03 …), for instance with `gdal_edit.py`, or put single bands"
            " into files named B02.tif, B03.tif …."
        )
    names = [name for _, name in found]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ChannelError(
            f"{path} has more than one band named {', '.join(twice)}; give each channel one band."
        )
    return [(index, name) for index, name in found if name is not None]


def band_source(
    dataset: DatasetReader, path: str, channel: str, index: int, grid: Grid
) -> BandSource:
    """Describe how one band's stored values become DN, before any offset of the processing
    baseline.

    Raises:
        ChannelError: It is an 8-bit picture, which holds no DN.
    """
    dtype = dataset.dtypes[index - 1]
    nodata = dataset.nodatavals[index - 1]
    require_digital_numbers(dtype, channel, path)
    scale, offset = float(dataset.scales[index - 1]), float(dataset.offsets[index - 1])
    if scale < 0.01:  # stored with the scale to reflectance, as in STAC collections
        scale, offset = scale * REFLECTANCE_DN, offset * REFLECTANCE_DN
    elif dtype.startswith("float") and scale == 1 and _is_reflectance(dataset, index):
        scale = REFLECTANCE_DN
    if nodata is None:
        nodata = undeclared_fill(dataset, index)
        if nodata is None and not dtype.startswith("float") and not has_mask(dataset, index):
            nodata = 0.0  # Sentinel-2's own convention
    return BandSource(channel, path, index, grid, dtype, nodata, scale, offset)


def _is_reflectance(dataset: DatasetReader, index: int) -> bool:
    side = (min(256, dataset.height), min(256, dataset.width))
    sample = dataset.read(index, out_shape=side, masked=True).astype(np.float64).filled(np.nan)
    finite = sample[np.isfinite(sample)]
    return bool(finite.size) and float(np.percentile(finite, 99)) <= LARGEST_REFLECTANCE


def dn_offset_of(name: str, scale: float, dn_offset: float | None) -> float:
    """The offset that a band file without metadata needs, judged by the product's name.

    Since processing baseline 04.00 stored DN are 1000 too high. ``N9999`` marks products of a
    user's own Sen2Cor, whose baseline is not known: nothing is subtracted.

    Args:
        name: A name that may contain that of the product, such as ``S2A_MSIL2A_…_N0400_…``.
        scale: Factor from stored values to DN; only plain DN (1) carry the offset.
        dn_offset: What the user asked for, which wins.
    """
    if dn_offset is not None:
        return dn_offset
    product = _PRODUCT.search(name)
    since = product is not None and OFFSET_SINCE_BASELINE <= int(product[4]) < 9999
    return -1000.0 if since and scale == 1 else 0.0


def _offset_notes(bands: Iterable[BandSource], name: str) -> tuple[str, ...]:
    offsets = sorted({source.offset for source in bands if source.scale == 1})
    notes = [
        f"{value:+g} added to the DN (processing baseline in the name)"
        for value in offsets
        if value
    ]
    product = _PRODUCT.search(name)
    if product is not None and product[4] == "9999":
        notes.append(
            "processing baseline unknown (N9999): no offset applied; use --dn-offset -1000 if its"
            " DN carry one"
        )
    scales = sorted({source.scale for source in bands if source.scale != 1})
    return tuple(notes + [f"values multiplied by {value:g} to give DN" for value in scales])


def _finest(sources: Sequence[BandSource], where: str) -> tuple[BandSource, ...]:
    """Keep one source a channel: that of the finest resolution, as L2A products hold several."""
    result = []
    for channel in in_order(source.channel for source in sources):
        candidates = sorted(
            (s for s in sources if s.channel == channel), key=lambda s: s.grid.resolution_m()
        )
        best = [
            s for s in candidates if s.grid.resolution_m() < candidates[0].grid.resolution_m() * 1.2
        ]
        if len(best) > 1:
            files = ", ".join(Path(s.path).name for s in best[:3])
            raise ProductError(
                f"{where} holds {len(best)} files for {channel} ({files}); give the files of one"
                " date and tile only."
            )
        result.append(best[0])
    return tuple(result)


def _mask_in(files: Sequence[str]) -> MaskSource | None:
    for path in files:
        words = re.split(r"[^A-Z]+", Path(path).stem.upper())
        kind = next((kind for word, kind in _MASK_WORDS.items() if word in words), None)
        if kind is not None:
            with open_raster(path) as dataset:
                return MaskSource(kind, path, grid_of(dataset, path))
    return None


def file_channel(path: Path) -> str | None:
    """Recognise a channel in a file name; only the name's end counts, as product names may contain
    more.
    """
    stem = re.sub(r"[_-]?(10|20|60)m$", "", path.stem, flags=re.IGNORECASE)
    last = re.split(r"[^A-Za-z0-9]+", stem)[-1]
    return channel_name(last) or channel_name(stem)


def _level(name: str) -> Level:
    product = _PRODUCT.search(name)
    if product is None:
        return "unknown"
    return "L1C" if product[2] == "L1C" else "L2A"


def _date(name: str) -> str:
    found = re.search(r"_(20\d{6})T\d{6}", name) or _DATE.search(name)
    return f"{found[1][:4]}-{found[1][4:6]}-{found[1][6:]}" if found else ""
