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
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

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
"""No reflectance is larger, and no band in DN stays below it: which of the two a band holds is told
by this."""

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
    "nir": "B08",
    "water_vapour": "B09",
    "water_vapor": "B09",
    "wvp": "B09",
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
_BAND = re.compile(r"(?:^|[^a-z0-9])(?:b|band[ _-]?)0?(1[0-2]|[1-9])(?![0-9a])", re.IGNORECASE)


def channel_name(text: str) -> str | None:
    """Recognise a channel in a band description or file name.

    Understands ``B2``, ``B02``, ``band_2``, ``blue``, ``T51TVF_20200101_B02_10m``, ``elevation``
    and the like. B8A is not one of the benchmark's channels and is never taken for B08.

    Args:
        text: A band description, a file name without its suffix, or a name that a user typed.

    Returns:
        The channel's name, or None where the text names none, or more than one.
    """
    plain = text.strip().lower()
    if plain in _ALIASES:
        return _ALIASES[plain]
    found = {f"B{int(number):02d}" for number in _BAND.findall(plain)}
    if not found:
        found = {_ALIASES[word] for word in re.split(r"[^a-z0-9]+", plain) if word in _ALIASES}
    return found.pop() if len(found) == 1 else None


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
