"""Which rasters are heights, and which are their companions.

Elevation comes with masks, counts, error maps and radar images on the very same pixels. They are
told apart by the providers' naming conventions, and where a name says nothing, by their content.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_TILE = r"[ns]\d{2}[ew]\d{3}"


@dataclass(frozen=True)
class LeftOut:
    """A raster that was found beside heights and is not read as heights.

    Attributes:
        path: File or GDAL path.
        reason: What it is, such as ``water mask``.
    """

    path: str
    reason: str

    @property
    def name(self) -> str:
        """Its file name."""
        return file_name(self.path)


def file_name(path: str) -> str:
    """The last part of a file's or GDAL's path."""
    return PurePosixPath(path.replace("\\", "/")).name


@dataclass(frozen=True)
class _Product:
    """Naming convention of one elevation product.

    Attributes:
        name: For people.
        heights: Pattern that the stem of a file of heights matches in full, in lower case.
        companion: Pattern of the stems of all its files; group 1 names the layer.
    """

    name: str
    heights: re.Pattern[str]
    companion: re.Pattern[str] | None = None


def _product(name: str, heights: str, companion: str | None = None) -> _Product:
    return _Product(name, re.compile(heights), re.compile(companion) if companion else None)


_PRODUCTS = (
    # JAXA EORC, AW3D30 product description; old versions have an average and a median.
    _product(
        "AW3D30",
        r"(alpsmlc30_)?[ns]\d{3}[ew]\d{3}(_ave|_med)?_dsm",
        r"(?:alpsmlc30_)?[ns]\d{3}[ew]\d{3}_((?:ave_|med_)?[a-z]{3})",
    ),
    # NASA/METI, ASTER GDEM and ASTWBD user guides.
    _product(
        "ASTER GDEM", rf"ast(gtm|wbd)\w*?_{_TILE}_dem", rf"ast(?:gtm|wbd)\w*?_{_TILE}_([a-z]{{3}})"
    ),
    # ASF, ALOS PALSAR radiometric terrain correction guide.
    _product("ALOS PALSAR RTC", r"ap_\w+_rt\d\.dem", r"ap_\w+?_rt\d[._]([\w.]+)"),
    # ASF HyP3, Sentinel-1 RTC.
    _product(
        "Sentinel-1 RTC",
        r"s1\w+_rtc\w*_dem",
        r"s1\w+_rtc\w*?_((?:inc_map|ls_map|[a-z_]+)(?:_ell)?)",
    ),
    # Airbus/ESA, Copernicus DEM product handbook: 10 is GLO-30, 30 is GLO-90 (arc seconds x 10).
    _product(
        "Copernicus GLO-30",
        r"copernicus_dsm_(cog_)?(10|04)_[ns]\d{2}_00_[ew]\d{3}_00_dem",
        r"copernicus_dsm_(?:cog_)?(?:10|04)_[ns]\d{2}_00_[ew]\d{3}_00_([a-z]+)",
    ),
    _product(
        "Copernicus GLO-90",
        r"copernicus_dsm_(cog_)?30_[ns]\d{2}_00_[ew]\d{3}_00_dem",
        r"copernicus_dsm_(?:cog_)?30_[ns]\d{2}_00_[ew]\d{3}_00_([a-z]+)",
    ),
    # DLR, TanDEM-X DEM product specification (TD-GS-PS-0021) and TanDEM-X 30 m edited DEM.
    _product(
        "TanDEM-X",
        rf"tdm1_e?dem__?\d{{2}}_{_TILE}(_v\d+(_[a-z])?)?_(e?dem(_egm|_w84)?)",
        rf"tdm1_e?dem__?\d{{2}}_{_TILE}(?:_v\d+(?:_[a-z])?)?_([a-z0-9_]+)",
    ),
    # University of Bristol, FABDEM.
    _product("FABDEM", rf"{_TILE}_fabdem\w*(-\w+)?"),
    # NASA JPL, NASADEM user guide; LP DAAC's granules and OpenTopography's GeoTIFFs.
    _product("NASADEM", rf"nasadem_hgt_{_TILE}", rf"nasadem_([a-z]+)_{_TILE}"),
    # USGS, SRTM; LP DAAC's HGT, EarthExplorer's GeoTIFF, BIL and DTED; CGIAR-CSI version 4.
    _product(
        "SRTM",
        rf"{_TILE}(\.srtmg?l[13])?|[ns]\d{{2}}_?[ew]\d{{3}}_[13]arc_v\d|srtm_\d{{2}}_\d{{2}}",
        rf"{_TILE}\.srtmg?l[13]([ns])",
    ),
    # University of Tokyo, MERIT DEM.
    _product("MERIT DEM", rf"{_TILE}_(dem|elv)"),
    # Polar Geospatial Center, ArcticDEM and REMA.
    _product(
        "ArcticDEM or REMA",
        r"[\w.]+_(10|2|32|100|500|1000)m(_v[\d.]+)?_dem",
        r"[\w.]+_(?:10|2|32|100|500|1000)m(?:_v[\d.]+)?_([a-z_]+)",
    ),
    # OpenTopography names every download so; hh is highest hit, be bare earth.
    _product("OpenTopography", r"output_(hh|be|cop\d+|srtm\w*|nasadem|aw3d30\w*|alos)"),
    _product("USGS 3DEP", r"usgs_(1|13|1m|one_meter|2)_\w+"),
)

_LAYERS = {
    "msk": "mask",
    "stk": "number of images",
    "num": "number of images",
    "count": "number of images",
    "swb": "water mask",
    "wbm": "water mask",
    "wam": "water mask",
    "att": "water attributes",
    "edm": "editing mask",
    "flm": "filling mask",
    "hem": "height error",
    "acm": "accuracy mask",
    "amp": "radar amplitude",
    "am2": "radar amplitude",
    "com": "consistency mask",
    "cov": "coverage",
    "lsm": "layover and shadow mask",
    "lcm": "land cover",
    "ls_map": "layover and shadow mask",
    "inc_map": "incidence angles",
    "area": "scattering area",
    "hh": "radar backscatter",
    "hv": "radar backscatter",
    "vv": "radar backscatter",
    "vh": "radar backscatter",
    "rgb": "picture",
    "ql": "quick look",
    "browse": "picture",
    "mad": "height error",
    "matchtag": "mask",
    "bitmask": "mask",
    "mindate": "dates",
    "maxdate": "dates",
    "slope": "slope",
    "aspect": "aspect",
    "hillshade": "hillshade",
    "curvature": "curvature",
    "tpi": "position index",
    "tri": "ruggedness",
    "roughness": "roughness",
    "sc": "slope and curvature",
    "sim": "simulated radar image",
    "numnc": "number of images",
    "mask": "mask",
    "quality": "quality",
    "error": "height error",
    "water": "water mask",
    "geoid": "geoid heights",
    "landcover": "land cover",
}
"""What companions of heights are called, and what they are."""

_HEIGHT_WORDS = {
    "dem",
    "dsm",
    "dtm",
    "height",
    "heights",
    "elevation",
    "elev",
    "hgt",
    "elv",
    "srtm",
}
HEIGHT_SUFFIXES = (".hgt", ".dt0", ".dt1", ".dt2")
"""Formats that hold nothing but heights."""


@dataclass(frozen=True)
class NamedRaster:
    """What the name of a raster says of it.

    Attributes:
        path: File or GDAL path.
        product: The product whose convention it follows; empty where none is recognised.
        heights: True for heights, False for a companion, None where the name does not tell.
        reason: What a companion is.
    """

    path: str
    product: str = ""
    heights: bool | None = None
    reason: str = ""


def _layer(name: str) -> str:
    """What a layer of a product is, for people."""
    tokens = [name, *(re.split(r"[_.]", name)[-1:]), "_".join(name.split("_")[-2:])]
    return next((_LAYERS[token] for token in tokens if token in _LAYERS), f"layer {name}")


def read_name(path: str) -> NamedRaster:
    """Tell from a raster's name whether it holds heights."""
    name = file_name(path).lower()
    stem, _, suffix = name.rpartition(".")
    for product in _PRODUCTS:
        if product.heights.fullmatch(stem):
            nasadem = product.name == "SRTM" and "nasadem_hgt" in path.lower()
            return NamedRaster(path, "NASADEM" if nasadem else product.name, True)
        found = product.companion.fullmatch(stem) if product.companion else None
        if found is not None:
            return NamedRaster(path, product.name, False, _layer(found[1]))
    if f".{suffix}" in HEIGHT_SUFFIXES:
        return NamedRaster(path, "", True)
    words = [_word(token) for token in re.split(r"[^a-z0-9]+", stem) if token]
    if words[-1:] and words[-1] in _HEIGHT_WORDS:
        return NamedRaster(path, "", True)
    if words and words[-1] in _LAYERS:
        return NamedRaster(path, "", False, _layer(words[-1]))
    return NamedRaster(path, "", True if _HEIGHT_WORDS & set(words) else None)


def _word(token: str) -> str:
    return token if token in _LAYERS else token.rstrip("0123456789")
