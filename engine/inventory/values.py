"""The values that columns of a landslide may have, and what they mean.

Sources: confidence classes after Mirus et al. (2020), types after Hungr, Leroueil and Picarelli
(2014), materials after Varnes (1978).
"""

from __future__ import annotations

REASONS = {
    "bare-soil": "Bare soil or ploughed field",
    "river": "River bed or bank",
    "road": "Road, quarry or building site",
    "clear-cut": "Clear-cut or burnt area",
    "cloud": "Cloud, shadow or snow",
    "rock": "Bare rock or scree, not recent",
    "old": "Older than the event",
    "duplicate": "Part of another landslide",
    "other": "Other, see the notes",
}
CONFIDENCE = {
    8: "8 High confidence in extent or nature",
    5: "5 Confident",
    3: "3 Likely",
    2: "2 Probable",
    1: "1 Possible",
}
TYPES = {
    "fall": "Fall",
    "topple": "Topple",
    "rotational-slide": "Rotational slide",
    "translational-slide": "Translational or planar slide",
    "compound-slide": "Wedge, compound or irregular slide",
    "spread": "Spread",
    "debris-flow": "Debris flow",
    "mud-flow": "Mud flow",
    "earthflow": "Earthflow",
    "debris-avalanche": "Debris or rock avalanche",
    "dry-flow": "Dry flow or flow slide",
    "slope-deformation": "Slope deformation or creep",
    "complex": "Complex",
    "unknown": "Unknown",
}
MATERIALS = {
    "rock": "Rock",
    "debris": "Debris",
    "earth": "Earth",
    "mixed": "Mixed",
    "unknown": "Unknown",
}
TRIGGERS = {
    "rainfall": "Rainfall",
    "earthquake": "Earthquake",
    "snowmelt": "Snowmelt or thaw",
    "volcanic": "Volcanic activity",
    "river": "Undercutting by a river",
    "human": "Construction, mining or other human activity",
    "other": "Other",
    "unknown": "Unknown",
}

FLAGS: dict[str, str] = {
    "flat": "Mean slope below 5°: landslides need a slope; fields and river beds do not.",
    "river-like": (
        "Long or winding and gently sloping along its length, or wet: likely a river bed or its"
        " bank."
    ),
    "road-like": (
        "Thin, long and running across the slope rather than down it: likely a road or track."
    ),
    "field-shaped": "Nearly fills a rectangle on a gentle slope: likely a field or a clear-cut.",
    "cloud-edge": (
        "Touches cloud, shadow or other masked pixels: the outline may be cut, or the cloud's rim"
        " was taken for soil."
    ),
    "image-edge": "Cut off by the border of the image: the landslide is larger than the polygon.",
    "aoi-edge": (
        "Cut off by the border of the area of interest: the landslide may be larger than the"
        " polygon."
    ),
    "overlaps-reviewed": "Partly overlaps a polygon that was reviewed in an earlier run.",
}
