"""Which channel a band's description or a file's name stands for.

The rules are those of ``engine.bands``, word for word; a test compares the two, because the plugin
imports nothing of the engine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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


def recognise(text: str) -> str | None:
    """The channel that a band description or file name stands for.

    None where it names no channel or several, another quantity or another sensor.
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


def other_quantity(text: str) -> str | None:
    """What a raster holds that is no band: water vapour, a mask, a picture."""
    return next((_QUANTITIES[word] for word in _words(text) if word in _QUANTITIES), None)


def other_sensor(text: str) -> str | None:
    """The sensor other than Sentinel-2 that a name or a description tells."""
    plain = text.lower()
    if _SENTINEL2.search(plain):
        return None
    return next((name for pattern, name in _SENSOR_PATTERNS if pattern.search(plain)), None)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^a-z0-9]+", text.lower()) if word]
