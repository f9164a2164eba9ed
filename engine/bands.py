"""The 14 channels of Landslide4Sense, in the order of its files.

Sources: band names, centre wavelengths (Sentinel-2A) and native resolutions from ESA's Sentinel-2
User Handbook. Divisors: the published files hold ``value = raw / divisor`` where ``raw`` is the
Level-1C digital number (reflectance x 10000), the slope in whole degrees or the elevation in whole
metres; recovered from real patches, on which raw values are exact integers (residual below 1e-12).
``mean`` and ``std``: statistics of the 3,799 training patches as published by independent users, in
the files' scale. B8A is not part of the benchmark; B10 is, so its imagery is Level-1C.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import ChannelError

Unit = Literal["DN", "degrees", "metres"]


@dataclass(frozen=True)
class Channel:
    """One channel of the stack.

    Attributes:
        name: Name used in band descriptions, bundles and recipes.
        sensor: Where it comes from.
        wavelength_nm: Centre wavelength, None for terrain.
        resolution_m: Native ground sampling distance.
        unit: Unit of the raw values in a stack.
        divisor: ``raw / divisor`` gives the value in the benchmark's HDF5 files.
        mean: Training mean in the HDF5 scale.
        std: Training standard deviation in the HDF5 scale.
    """

    name: str
    sensor: Literal["Sentinel-2", "ALOS PALSAR"]
    wavelength_nm: float | None
    resolution_m: float
    unit: Unit
    divisor: float
    mean: float
    std: float

    @property
    def optical(self) -> bool:
        """Whether the channel is a Sentinel-2 band."""
        return self.sensor == "Sentinel-2"


CHANNELS: tuple[Channel, ...] = (
    Channel("B01", "Sentinel-2", 442.7, 60.0, "DN", 1111.81236406, 0.9257, 0.1410),
    Channel("B02", "Sentinel-2", 492.4, 10.0, "DN", 824.63171476, 0.9227, 0.2207),
    Channel("B03", "Sentinel-2", 559.8, 10.0, "DN", 663.41636217, 0.9541, 0.3184),
    Channel("B04", "Sentinel-2", 664.6, 10.0, "DN", 445.17289745, 0.9596, 0.5724),
    Channel("B05", "Sentinel-2", 704.1, 20.0, "DN", 645.8582926, 1.0228, 0.4601),
    Channel("B06", "Sentinel-2", 740.5, 20.0, "DN", 1547.73508126, 1.0426, 0.4465),
    Channel("B07", "Sentinel-2", 782.8, 20.0, "DN", 1960.44401001, 1.0358, 0.4651),
    Channel("B08", "Sentinel-2", 832.8, 10.0, "DN", 1941.32229668, 1.0468, 0.4948),
    Channel("B09", "Sentinel-2", 945.1, 60.0, "DN", 674.07572865, 1.1699, 0.5133),
    Channel("B10", "Sentinel-2", 1373.5, 60.0, "DN", 9.04787384, 1.1736, 0.6836),
    Channel("B11", "Sentinel-2", 1613.7, 20.0, "DN", 1113.98338755, 1.0495, 0.5323),
    Channel("B12", "Sentinel-2", 2202.4, 20.0, "DN", 519.90397929, 1.0370, 0.6628),
    Channel("slope", "ALOS PALSAR", None, 12.5, "degrees", 20.29228266, 1.2511, 0.6784),
    Channel("DEM", "ALOS PALSAR", None, 12.5, "metres", 772.83144788, 1.6495, 1.0727),
)
NAMES: tuple[str, ...] = tuple(channel.name for channel in CHANNELS)
OPTICAL: tuple[str, ...] = tuple(channel.name for channel in CHANNELS if channel.optical)
TERRAIN: tuple[str, ...] = ("slope", "DEM")
BY_NAME: dict[str, Channel] = {channel.name: channel for channel in CHANNELS}
POSITION: dict[str, int] = {name: index for index, name in enumerate(NAMES)}
"""Position of each channel among all 14."""

IGNORE = 255
"""Value of a label or mask where a pixel counts neither in a loss nor in a score."""

REFLECTANCE_DN = 10000.0
"""DN of reflectance 1."""

LARGEST_REFLECTANCE = 3.0
"""Tells reflectance from DN: no reflectance is larger, and no band in DN stays below it."""

QUALITY = "QA"
"""Description of the optional quality band of a stack; its classes are :data:`QUALITY_CLASSES`."""

QUALITY_CLASSES: dict[str, int] = {"clear": 0, "nodata": 1, "cloud": 2, "shadow": 3, "snow": 4}

_ALIASES = {
    "coastal": "B01",
    "aerosol": "B01",
    "coastal_aerosol": "B01",
    "blue": "B02",
    "green": "B03",
    "red": "B04",
    "rededge1": "B05",
    "rededge2": "B06",
    "rededge3": "B07",
    "red_edge_1": "B05",
    "red_edge_2": "B06",
    "red_edge_3": "B07",
    "rededge_1": "B05",
    "rededge_2": "B06",
    "rededge_3": "B07",
    "nir": "B08",
    "nir09": "B09",
    "cirrus": "B10",
    "swir1": "B11",
    "swir16": "B11",
    "swir_1": "B11",
    "swir2": "B12",
    "swir22": "B12",
    "swir_2": "B12",
    "slope": "slope",
    "dem": "DEM",
    "elevation": "DEM",
    "dsm": "DEM",
    "dtm": "DEM",
    "height": "DEM",
    "altitude": "DEM",
}
_NARROW_INFRARED = ("b8a", "b08a", "band8a", "nir08", "rededge4", "red_edge_4", "rededge_4")
_BAND = re.compile(r"(?:^|[^a-z0-9])(?:b|band[ _-]?)0?(1[0-2]|[1-9])(?![0-9a])", re.IGNORECASE)

_PLACE = re.compile(r"(?:band|layer)[ _.-]?0?(\d{1,3})", re.IGNORECASE)

_QUANTITIES = {
    "aot": "aerosol optical thickness",
    "atb": "atmospheric variables",
    "cld": "cloud probability",
    "cldprb": "cloud probability",
    "clm": "cloud mask",
    "clp": "cloud probability",
    "datamask": "data mask",
    "detfoo": "detector footprints",
    "dtf": "detector footprints",
    "edg": "edge mask",
    "iab": "interpolation mask",
    "mg2": "geophysical mask",
    "msk": "quality mask",
    "ndvi": "vegetation index",
    "pvi": "preview",
    "qa10": "quality bits",
    "qa20": "quality bits",
    "qa60": "quality bits",
    "qkl": "preview",
    "qualit": "quality mask",
    "scl": "scene classification",
    "snw": "snow probability",
    "snwprb": "snow probability",
    "tci": "true-colour picture",
    "visual": "true-colour picture",
    "wvp": "water vapour",
}
# Product identifiers of other sensors, whose band numbers mean other wavelengths. Sources: the
# naming conventions of USGS (Landsat Collections 1 and 2, ARD), NASA (HLS, MODIS, VIIRS, ASTER),
# ESA (Sentinel-1, Sentinel-3), Planet, Airbus and Maxar. HLS S30 is not among them: its bands are
# Sentinel-2's.
_SENSORS = (
    (r"l[cetmo]0?[1-9](?:_|\d{6})|landsat|(?<![a-z])[st]r_b\d|(?<![a-z])st_b10", "Landsat"),
    (r"(?:sr|toa|bt)_band\d", "Landsat"),
    (r"hls[._-]?l30|hlsl30|(?<![a-z0-9])l30(?![a-z0-9])", "Landsat (HLS L30)"),
    (r"m[oycx]d(?:0[29]|11|13|43)\w*\.a\d{7}|modis", "MODIS"),
    (r"vnp\d\d\w*\.a\d{7}|viirs", "VIIRS"),
    (r"ast_l1[abt]|ast_0[579]", "ASTER"),
    (r"s1[a-d]_(?:iw|ew|sm|wv)_", "Sentinel-1"),
    (r"s3[a-d]_(?:ol|sl|sy)_", "Sentinel-3"),
    (r"psscene|planetscope|analyticms|skysat|rapideye", "Planet"),
    (r"spot[4-7](?![0-9a-z])|img_phr|dim_phr|pleiades", "SPOT or Pléiades"),
    (r"worldview|(?<![a-z0-9])wv0[1-4]_|geoeye|quickbird|ikonos", "Maxar"),
    (r"(?<![a-z0-9])gf[1-7][a-d]?_|gaofen|cbers|(?<![a-z0-9])prs_l|enmap", "another sensor"),
)
_SENTINEL2 = re.compile(r"sentinel[-_ ]?2|s2[a-d]_|(?:^|[^a-z0-9])s2(?:[^a-z0-9]|$)")
_SENSOR_PATTERNS = tuple(
    (re.compile(rf"(?:^|[^a-z0-9])(?:{pattern})" if pattern[0] == "l" else pattern), name)
    for pattern, name in _SENSORS
)


def channel_name(text: str) -> str | None:
    """Recognise a channel in a band description or file name.

    Understands ``B2``, ``B02``, ``band_2``, ``blue``, ``T51TVF_20200101_B02_10m``, ``elevation``
    and the like. B8A is not one of the benchmark's channels and is never taken for B08; water
    vapour (``WVP``), masks and bands of other sensors (``LC09_…_SR_B5``) are no channels.

    Args:
        text: A band description, a file name without its suffix, or a name that a user typed.

    Returns:
        The channel's name, or None where the text names none, or more than one.
    """
    words = _words(text)
    plain = "_".join(words)
    if plain in _ALIASES:
        return _ALIASES[plain]
    if other_quantity(text) or other_sensor(text):
        return None
    found = {f"B{int(number):02d}" for number in _BAND.findall(text.strip().lower())}
    # "red edge" is not red, and "narrow nir" is not B08. Where number and colour disagree, the
    # number is that of a file, not of Sentinel-2: "b1_blue".
    if not {"edge", "narrow", "vegetation"} & set(words):
        found |= {_ALIASES[word] for word in words if word in _ALIASES}
    return found.pop() if len(found) == 1 else None


def described(descriptions: Sequence[str | None]) -> list[str]:
    """The descriptions of a raster's bands, but for invented ones.

    ENVI files and several programs call the bands of any image ``Band 1``, ``Band 2`` …: that is
    their place in the file, not their wavelength.

    Returns:
        One text a band, empty where it tells nothing.
    """
    texts = [(text or "").strip() for text in descriptions]
    places = [_PLACE.fullmatch(text) for text in texts]
    if all(place and int(place[1]) == n for n, place in enumerate(places, start=1)):
        return [""] * len(texts)
    return texts


def is_narrow_infrared(text: str) -> bool:
    """Whether a band description or file name means B8A.

    Cloud detection can use it.
    """
    words = _words(text)
    return "_".join(words) in _NARROW_INFRARED or words[-1:] in (["b8a"], ["b08a"], ["nir08"])


def other_quantity(text: str) -> str | None:
    """What a raster holds that is no band: water vapour, a mask, a picture.

    Args:
        text: A band description or a file name without its suffix.

    Returns:
        The quantity for people to read, or None if the text names none.
    """
    return next((_QUANTITIES[word] for word in _words(text) if word in _QUANTITIES), None)


def other_sensor(text: str) -> str | None:
    """The sensor other than Sentinel-2 that a name or description tells.

    Args:
        text: A file name, a folder name, a band description or a metadata value.

    Returns:
        The sensor's name, or None if the text tells none.
    """
    plain = text.lower()
    if _SENTINEL2.search(plain):
        return None
    return next((name for pattern, name in _SENSOR_PATTERNS if pattern.search(plain)), None)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]


def require_digital_numbers(dtype: str, channel: str, path: str) -> None:
    """Check that an optical band can hold digital numbers.

    Args:
        dtype: NumPy name of the band's pixel type.
        channel: Its name.
        path: The file, for the message.

    Raises:
        ChannelError: It is an 8-bit picture, which holds no DN.
    """
    if dtype in ("uint8", "int8"):
        raise ChannelError(
            f"{path} is an 8-bit picture, but band {channel} is needed in digital numbers"
            " (reflectance x 10000, 16 bit); download or export the original bands."
        )


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Sort channel names into the benchmark's order, without repeats."""
    wanted = set(names)
    return tuple(name for name in NAMES if name in wanted)


def ndvi(red: Any, infrared: Any) -> Any:
    """Normalised difference vegetation index of DN, -1 to 1.

    Reflectance may fall below zero once offsets are removed, of which the index means nothing: DN
    below 1 count as 1.

    Args:
        red: B04, an array or a tensor of floats; NaN stays NaN.
        infrared: B08, of the same kind and shape.

    Returns:
        The index, of the same kind and shape.
    """
    red, infrared = red.clip(1.0), infrared.clip(1.0)
    return (infrared - red) / (infrared + red)
