"""Metadata of Sentinel-2 products: how DN are stored, and the tile.

Sources: Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD, issues 13 to 14.9) for
names and units; Level-2A before March 2018 puts ``L2A_`` in front of its tags. The files come from
outside: they are parsed without entities and in linear time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError

from engine.bands import REFLECTANCE_DN
from engine.errors import ProductError
from engine.grid import Grid
from engine.scene.imagery import Level
from engine.scene.readers.markup import Node, parse

BAND_IDS = (*(f"B{n:02d}" for n in range(1, 9)), "B8A", "B09", "B10", "B11", "B12")
"""Bands in the order of ``band_id`` in the metadata."""

METADATA = re.compile(
    r"(?:^|/)(?:MTD_MSI(?:L1C|L2A)|S2[A-D]_(?:OPER|USER)_MTD_SAFL(?:1C|2A)[^/]*)\.xml$",
    re.IGNORECASE,
)
"""Path of a product's metadata file, compact or old naming."""

OFFSETS_SINCE = 4.0
"""First processing baseline whose DN carry an offset."""

OWN_PROCESSING = 90.0
"""Baselines from here on (``99.99``) are a user's own Sen2Cor, and tell nothing."""

_LARGEST = 1e9


@dataclass(frozen=True)
class ProductMetadata:
    """What ``MTD_MSIL1C.xml`` or ``MTD_MSIL2A.xml`` says about values.

    Attributes:
        level: L1C or L2A.
        baseline: Processing baseline such as ``05.09``.
        date: Day of acquisition as ``YYYY-MM-DD``, or empty.
        scale: Factor from stored values to DN.
        offsets: Offset of each band in DN, as far as stated.
    """

    level: Level
    baseline: str
    date: str
    scale: float
    offsets: Mapping[str, float]

    @property
    def offset_missing(self) -> bool:
        """Whether an offset must be there by the baseline, but is not stated."""
        return OFFSETS_SINCE <= float(self.baseline) < OWN_PROCESSING and not self.offsets

    @property
    def offset_unknown(self) -> bool:
        """Whether it is a product of a user's own Sen2Cor that states no offset."""
        return float(self.baseline) >= OWN_PROCESSING and not self.offsets


def product_metadata(data: bytes, where: str) -> ProductMetadata:
    """Read how stored values become DN.

    Args:
        data: Content of ``MTD_MSIL1C.xml``, ``MTD_MSIL2A.xml`` or their predecessors; the level is
            told by the content, whatever the file is called.
        where: The product, for messages.

    Raises:
        UnreadableFileError: See :func:`engine.scene.readers.markup.parse`.
        ProductError: A value is missing or makes no sense.
    """
    root = parse(data, where)
    if "User_Product" not in root.name:
        raise ProductError(
            f"The metadata file of {where} begins with {root.name!r}, so it is not that of a"
            " product but of another part of it under the product's name; download the product"
            " again."
        )
    found: dict[str, str] = {}
    stated: dict[str, dict[int, float]] = {}
    for element in root.walk():
        name, text = element.name, element.text
        if name in ("BOA_ADD_OFFSET", "RADIO_ADD_OFFSET"):
            index = element.attributes.get("band_id", "")
            if index.isdecimal() and int(index[:4]) < len(BAND_IDS):
                stated.setdefault(name, {})[int(index)] = _number(text, name, where)
        elif text:
            found.setdefault(name.removeprefix("L2A_"), text)
    level = _level(root, found)
    word = "BOA_QUANTIFICATION_VALUE" if level == "L2A" else "QUANTIFICATION_VALUE"
    quantification = _number(found.get(word, ""), word, where)
    baseline = found.get("PROCESSING_BASELINE", "")
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}", baseline):
        raise _unusable("PROCESSING_BASELINE", baseline, where)
    if quantification <= 0:
        raise _unusable(word, found[word], where)
    scale = REFLECTANCE_DN / quantification
    offsets = stated.get("BOA_ADD_OFFSET" if level == "L2A" else "RADIO_ADD_OFFSET", {})
    day = re.match(
        r"\d{4}-\d\d-\d\d", _first(found, "PRODUCT_START_TIME", "DATATAKE_SENSING_START")
    )
    return ProductMetadata(
        level,
        baseline,
        day[0] if day else "",
        scale,
        # A band that is not listed among those stated has none.
        {name: offsets.get(i, 0.0) * scale for i, name in enumerate(BAND_IDS)} if offsets else {},
    )


def tile_grids(data: bytes, where: str) -> list[Grid]:
    """The grids of a tile, one for each resolution, from ``MTD_TL.xml``.

    Raises:
        UnreadableFileError, ProductError: The file is damaged or incomplete.
    """
    sizes: dict[str, dict[str, float]] = {}
    code = ""
    for element in parse(data, where).walk():
        if element.name == "HORIZONTAL_CS_CODE":
            code = element.text
        elif element.name in ("Size", "Geoposition"):
            values = sizes.setdefault(element.attributes.get("resolution", ""), {})
            for child in element.children:
                values[child.name] = _number(child.text, child.name, where)
    try:
        crs = CRS.from_user_input(code[:200])
    except (CRSError, ValueError) as error:
        raise _unusable("HORIZONTAL_CS_CODE", code, where) from error
    grids = []
    for values in sizes.values():
        if not {"NROWS", "NCOLS", "ULX", "ULY", "XDIM", "YDIM"} <= values.keys():
            raise _unusable("Tile_Geocoding", "", where)
        transform = Affine(values["XDIM"], 0, values["ULX"], 0, values["YDIM"], values["ULY"])
        grids.append(Grid(crs, transform, (int(values["NROWS"]), int(values["NCOLS"]))))
    return grids


def _level(root: Node, found: Mapping[str, str]) -> Level:
    told = root.name + found.get("PROCESSING_LEVEL", "") + found.get("PRODUCT_TYPE", "")
    return "L2A" if "2A" in told else "L1C"


def _first(found: Mapping[str, str], *names: str) -> str:
    return next((found[name] for name in names if name in found), "")


def _number(text: str, name: str, where: str) -> float:
    try:
        value = float(text.strip()) if len(text) < 64 else math.inf
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or abs(value) > _LARGEST:
        raise _unusable(name, text, where)
    return value


def _unusable(name: str, text: str, where: str) -> ProductError:
    found = f" ({text[:20]!r})" if text else ""
    return ProductError(
        f"The metadata of {where} have no usable {name}{found}; download the product again."
    )
