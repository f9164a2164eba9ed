"""Which band of a raster is which channel.

Channels are recognised by the bands' descriptions and can be corrected by hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from .band_names import recognise
from .i18n import mark

OPTICAL = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12")
TERRAIN = ("slope", "DEM")
CHANNELS = (*OPTICAL, *TERRAIN)
TITLES = {
    "B01": mark("coastal"),
    "B02": mark("blue"),
    "B03": mark("green"),
    "B04": mark("red"),
    "B05": mark("red edge 1"),
    "B06": mark("red edge 2"),
    "B07": mark("red edge 3"),
    "B08": mark("near infrared"),
    "B09": mark("water vapour"),
    "B10": mark("cirrus"),
    "B11": mark("shortwave infrared 1"),
    "B12": mark("shortwave infrared 2"),
    "slope": mark("slope"),
    "DEM": mark("elevation"),
}
# Central wavelengths of Sentinel-2A in nm (ESA, Sentinel-2 MSI technical guide); B8A stands here
# so that it is not taken for B08.
WAVELENGTHS = {
    "B01": 442.7,
    "B02": 492.4,
    "B03": 559.8,
    "B04": 664.6,
    "B05": 704.1,
    "B06": 740.5,
    "B07": 782.8,
    "B08": 832.8,
    "B8A": 864.7,
    "B09": 945.1,
    "B10": 1373.5,
    "B11": 1613.7,
    "B12": 2202.4,
}
_NEAR_NM = 12.0


def at_wavelength(nm: float) -> str | None:
    """The channel whose centre lies within 12 nm of a wavelength, or None."""
    name = min(WAVELENGTHS, key=lambda channel: abs(WAVELENGTHS[channel] - nm))
    return name if abs(WAVELENGTHS[name] - nm) <= _NEAR_NM and name in OPTICAL else None


def assign(descriptions: Sequence[str], layer_name: str = "") -> list[str | None]:
    """The channel of every band of a raster.

    Bands without a telling description are taken in the benchmark's order where there are exactly
    14 (or its 12 optical ones); a single band may be told by the layer's name. A channel that would
    be given twice is left to the person.

    Args:
        descriptions: The bands' descriptions, in order.
        layer_name: The layer's name.

    Returns:
        A channel for every band, or None.
    """
    found = [recognise(text) for text in descriptions]
    if not any(found):
        if len(found) == 1:
            return [recognise(layer_name)]
        if len(found) in (len(CHANNELS), len(OPTICAL)):
            return list(CHANNELS[: len(found)])
    return [name if name is None or found.count(name) == 1 else None for name in found]


def parse(text: str, bands: int) -> list[str | None]:
    """Read an assignment written as text.

    It names a channel for each band, with ``-`` for bands that are left out.

    Args:
        text: For instance ``B02,B03,B04,B08,-``.
        bands: How many bands the raster has.

    Raises:
        ValueError: A name is no channel, is given twice, or their number is not that of the bands.
    """
    names = [word.strip() for word in text.split(",")]
    if len(names) != bands:
        raise ValueError(f"{len(names)} channels are given for {bands} bands")
    found = [None if name in ("", "-") else name for name in names]
    for name in found:
        if name is not None and (name not in CHANNELS or found.count(name) > 1):
            raise ValueError(f"{name} is no channel or is given twice")
    return found
