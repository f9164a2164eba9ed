"""Products of SNAP in BEAM-DIMAP.

``NAME.dim`` with its folder ``NAME.data`` of ENVI rasters.

The header says how stored values become reflectance (``SCALING_FACTOR``, ``SCALING_OFFSET``; SNAP
puts the offset of the baseline there) and which value means no data. SNAP delivers reflectance;
without the header the rasters speak for themselves.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath

from engine.bands import OPTICAL, other_quantity
from engine.errors import ProductError
from engine.scene.archive import file_bytes
from engine.scene.imagery import BandSource, Imagery, Offset
from engine.scene.readers.band_files import in_words
from engine.scene.readers.listing import Listing
from engine.scene.readers.markup import Node, parse
from engine.scene.readers.names import day_in, file_channel, is_extra_file, product_name
from engine.scene.readers.offsets import Stated, offset_notes, tags_in_dn, with_offset
from engine.scene.readers.sources import Bands, finest
from engine.scene.readers.surroundings import surroundings_of

PRODUCT = "SNAP (BEAM-DIMAP)"


def read(listing: Listing, dn_offset: float | None) -> list[Imagery] | None:
    """Read SNAP's products, None if there is none.

    See :class:`engine.scene.readers.Reader`.
    """
    products: dict[str, list[str]] = {}
    for name in listing.names:
        place = PurePosixPath(name)
        folder = place.parent.name or listing.folder_names[0]
        if place.suffix.lower() == ".img" and folder.lower().endswith(".data"):
            header = place.with_suffix(".hdr").as_posix()
            if header in listing.sizes or (listing.kind == "files" and Path(header).is_file()):
                products.setdefault(place.parent.as_posix(), []).append(name)
    read_here = [
        _product(listing, folder, names, dn_offset)
        for folder, names in sorted(products.items())
        if any(file_channel(name) for name in names)
    ]
    return read_here or None


def _product(listing: Listing, folder: str, names: list[str], dn_offset: float | None) -> Imagery:
    inside = PurePosixPath(folder).name if folder not in ("", ".") else listing.folder_names[0]
    title = inside[: -len(".data")]
    header = _header(listing, folder, title)
    around = surroundings_of(listing, names)
    bands = Bands(listing, Stated())
    for name in names:
        channel = "B8A" if is_extra_file(name) else file_channel(name)
        if channel:
            bands.add(name, channel)
    stated = around.stated(dn_offset)
    found = [_decided(source, header, stated) for source in bands.sources]
    sources = [source for source, _ in found]
    offset = found[-1][1]
    main = finest([s for s in sources if s.channel in OPTICAL], listing.where)
    told = product_name(title)
    return Imagery(
        title,
        told.level if told else around.level,
        (told.date if told else "") or day_in(title),
        main,
        None,
        offset_notes(main, offset),
        tuple(s for s in sources if s.channel not in OPTICAL),
        PRODUCT,
        around.baseline,
        offset,
        in_words(
            [
                (PurePosixPath(n).name, other_quantity(PurePosixPath(n).stem) or "no band")
                for n in names
                if not file_channel(n) and not is_extra_file(n)
            ]
        ),
    )


def _header(listing: Listing, folder: str, title: str) -> dict[str, Node]:
    """What ``NAME.dim`` says about each band, by the name of its raster."""
    place = f"{folder[: -len('.data')]}.dim" if folder not in ("", ".") else ""
    if place in listing.sizes:
        data = listing.read(place)
    else:
        beside = listing.path.resolve().parent / f"{title}.dim"
        if place or not beside.is_file():
            return {}
        data = file_bytes(Path(beside))
    root = parse(data, f"{title}.dim")
    if root.name != "Dimap_Document":
        raise ProductError(
            f"{title}.dim begins with {root.name!r}, so it is no header of SNAP; export the product"
            " again."
        )
    return {info.child_text("BAND_NAME"): info for info in root.all("Spectral_Band_Info")}


def _decided(
    source: BandSource, header: dict[str, Node], stated: Stated
) -> tuple[BandSource, Offset]:
    info = header.get(PurePosixPath(source.path).stem)
    if info is None:
        return with_offset(source, stated)
    scale = _number(info, "SCALING_FACTOR", 1.0, source.path)
    offset = _number(info, "SCALING_OFFSET", 0.0, source.path)
    nodata = source.nodata
    if info.child_text("NO_DATA_VALUE_USED").lower() == "true":
        nodata = _number(info, "NO_DATA_VALUE", 0.0, source.path)
    if (scale, offset) == (1.0, 0.0):
        scale, offset = source.scale, source.offset
    else:
        scale, offset = tags_in_dn(scale, offset)
    return with_offset(replace(source, scale=scale, offset=offset, nodata=nodata), stated)


def _number(info: Node, tag: str, default: float, where: str) -> float:
    text = info.child_text(tag)
    if not text:
        return default
    try:
        return float(text) if len(text) < 64 else float("nan")
    except ValueError as error:
        raise ProductError(
            f"SNAP's header states {tag} {text[:20]!r} for {where}, which is no number; export the"
            " product again."
        ) from error
