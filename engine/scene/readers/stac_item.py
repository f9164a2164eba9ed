"""What a STAC item says about the values of its assets.

Sources: the STAC raster extension 1.1 and 2.0, and the items of Earth Search, Planetary Computer
and Copernicus Data Space.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.bands import REFLECTANCE_DN
from engine.scene.readers.offsets import OFFSET_DN, OFFSET_SINCE_BASELINE

Item = Mapping[str, Any]

_ASSETS = ("blue", "green", "red", "nir", "B02", "B03", "B04", "B08")
_OWN_PROCESSING = 9000


def item_offset(item: Item | None) -> tuple[float, str] | None:
    """The offset in DN that a STAC item states; None if none.

    Earth Search tells with ``earthsearch:boa_offset_applied`` that it has removed the offset, also
    where ``raster:bands`` still list it.

    Args:
        item: The item's JSON.

    Returns:
        The offset, and what the item says, for people.
    """
    if properties(item).get("earthsearch:boa_offset_applied") is True:
        return 0.0, "STAC item: boa_offset_applied"
    offsets = [value for value in map(_asset_offset, _assets(item)) if value is not None]
    if any(offsets):
        return min(offsets) * REFLECTANCE_DN, "STAC item: raster offset of its assets"
    baseline = item_baseline(item)
    try:
        number = round(float(baseline) * 100)
    except ValueError:
        return None
    if not 0 <= number < _OWN_PROCESSING:
        return None
    since = number >= OFFSET_SINCE_BASELINE
    return OFFSET_DN if since else 0.0, f"STAC item: processing baseline {baseline}"


def item_baseline(item: Item | None) -> str:
    """The processing baseline of a STAC item, such as ``05.09``, or empty."""
    found = properties(item)
    stated = found.get("s2:processing_baseline", found.get("processing:version"))
    return stated[:8] if isinstance(stated, str) else ""


def properties(item: Item | None) -> Mapping[str, Any]:
    """The properties of a STAC item, empty where there is none."""
    found = item.get("properties") if item is not None else None
    return found if isinstance(found, dict) else {}


def _assets(item: Item | None) -> list[dict[str, Any]]:
    """The assets of visible and near-infrared bands of a STAC item.

    ``blue``, ``B02``, ``B02_10m`` …
    """
    found = item.get("assets") if item is not None else None
    if not isinstance(found, dict):
        return []
    named = [asset for key, asset in found.items() if str(key).split("_")[0] in _ASSETS]
    return [asset for asset in named if isinstance(asset, dict)]


def _asset_offset(asset: Mapping[str, Any]) -> float | None:
    """The offset to reflectance of an asset, in either raster extension."""
    roles = asset.get("roles")
    if not isinstance(roles, list) or "data" not in roles:
        return None
    places = [_first(asset.get("raster:bands")), _first(asset.get("bands")), asset]
    for place in places:
        offset = place.get("raster:offset", place.get("offset"))
        scale = place.get("raster:scale", place.get("scale"))
        if isinstance(offset, int | float) and isinstance(scale, int | float):
            return float(offset) if 0 < scale < 0.01 and -0.2 <= offset <= 0 else None
    return None


def _first(bands: Any) -> Mapping[str, Any]:
    first = bands[0] if isinstance(bands, list) and bands else None
    return first if isinstance(first, dict) else {}
