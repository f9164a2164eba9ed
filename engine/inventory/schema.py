"""Every attribute of a landslide polygon, in one table.

Columns, drop-downs, aliases, exports and documentation derive from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.inventory.values import CONFIDENCE, MATERIALS, REASONS, TRIGGERS, TYPES
from engine.status import STATUSES

Kind = Literal["integer", "real", "text", "boolean"]
Group = Literal[
    "identity", "review", "probability", "type", "geometry", "terrain", "context", "provenance"
]


@dataclass(frozen=True)
class Field:
    """One column of the layer ``landslides``.

    Attributes:
        name: Column name.
        alias: What a person reads; with the unit.
        kind: Type of its values.
        group: Which part of the form it belongs to.
        description: One sentence.
        unit: Unit, empty for none.
        values: Permitted values and their meaning; empty for free values.
        editable: Whether a reviewer may change it.
        short: Name in a Shapefile, at most 10 characters.
    """

    name: str
    alias: str
    kind: Kind
    group: Group
    description: str
    unit: str = ""
    values: Mapping[Any, str] = field(default_factory=dict)
    editable: bool = False
    short: str = ""

    @property
    def digits(self) -> int:
        """Decimals that mean something; degrees need six for 0.1 m."""
        if self.name.endswith(("_lon", "_lat")):
            return 6
        return {"m²": 2, "m": 2, "m³": 0, "°": 2, "DN": 1}.get(self.unit, 4)

    @property
    def shapefile_name(self) -> str:
        """Name within the ten characters of a Shapefile."""
        return self.short or self.name[:10]


STATUS = {status.name: status.label for status in STATUSES}
FIELDS: tuple[Field, ...] = (
    Field(
        "id",
        "Landslide",
        "integer",
        "identity",
        "Number of the landslide, unique in the file and kept over re-runs.",
    ),
    Field(
        "status",
        "Review status",
        "text",
        "review",
        "What the reviewer decided.",
        values=STATUS,
        editable=True,
    ),
    Field(
        "reason",
        "Reason of rejection",
        "text",
        "review",
        "Why it is no landslide.",
        values=REASONS,
        editable=True,
    ),
    Field("reviewer", "Reviewer", "text", "review", "Who decided.", editable=True),
    Field("reviewed", "Reviewed on", "text", "review", "When, ISO 8601.", editable=True),
    Field("notes", "Notes", "text", "review", "Anything worth keeping.", editable=True),
    Field(
        "confidence",
        "Confidence (USGS)",
        "integer",
        "review",
        "Confidence in extent and nature. The detector gives 3, 2 or 1 from the highest probability"
        " (2/3, 1/3), one class less where there is a flag; 5 and 8 are a person's to give.",
        values=CONFIDENCE,
        editable=True,
    ),
    Field(
        "flags",
        "Flags",
        "text",
        "review",
        "Signs of a false positive or a cut outline, separated by semicolons: flat, river-like,"
        " road-like, field-shaped, cloud-edge, image-edge, aoi-edge, overlaps-reviewed.",
    ),
    Field(
        "prob_mean",
        "Probability, mean",
        "real",
        "probability",
        "Mean landslide probability of its pixels.",
    ),
    Field(
        "prob_min",
        "Probability, minimum",
        "real",
        "probability",
        "Lowest probability of its pixels.",
    ),
    Field(
        "prob_max",
        "Probability, maximum",
        "real",
        "probability",
        "Highest probability of its pixels.",
    ),
    Field(
        "uncertainty",
        "Uncertainty, mean",
        "real",
        "probability",
        "Mean standard deviation of the probability among models and views; empty for a single"
        " one.",
        short="uncertain",
    ),
    Field(
        "agreement",
        "Agreement of members",
        "real",
        "probability",
        "1 - 2 x uncertainty, not below 0: 1 where all models and views say the same, 0 where they"
        " contradict each other.",
    ),
    Field(
        "ls_type",
        "Landslide type",
        "text",
        "type",
        "Type after Hungr et al. (2014).",
        values=TYPES,
        editable=True,
    ),
    Field(
        "material",
        "Material",
        "text",
        "type",
        "Material after Varnes (1978).",
        values=MATERIALS,
        editable=True,
    ),
    Field("trigger", "Trigger", "text", "type", "What set it off.", values=TRIGGERS, editable=True),
    Field(
        "event", "Event", "text", "type", "Name of the storm, earthquake or season.", editable=True
    ),
    Field(
        "date_from",
        "Not before",
        "text",
        "type",
        "It happened on or after this day, ISO 8601.",
        editable=True,
    ),
    Field(
        "date_to",
        "Not after",
        "text",
        "type",
        "It happened on or before this day, ISO 8601.",
        editable=True,
    ),
    Field("area_m2", "Area (m²)", "real", "geometry", "Area of the polygon on the ground.", "m²"),
    Field(
        "perimeter_m",
        "Perimeter (m)",
        "real",
        "geometry",
        "Length of its outline with holes.",
        "m",
        short="perim_m",
    ),
    Field(
        "length_m",
        "Length along the fall line (m)",
        "real",
        "geometry",
        "Extent along its mean downslope direction; along its longest axis where there is no"
        " terrain or it is flat.",
        "m",
    ),
    Field(
        "width_m",
        "Width across the fall line (m)",
        "real",
        "geometry",
        "Largest extent across that direction.",
        "m",
    ),
    Field(
        "axis_m",
        "Longest axis (m)",
        "real",
        "geometry",
        "Long side of the smallest rectangle around it.",
        "m",
    ),
    Field(
        "elongation",
        "Elongation",
        "real",
        "geometry",
        "Long by short side of the smallest rectangle around it.",
    ),
    Field(
        "compactness",
        "Compactness",
        "real",
        "geometry",
        "4π area / perimeter²: 1 for a circle; a pixel outline lowers it.",
        short="compact",
    ),
    Field(
        "pixels",
        "Pixels",
        "integer",
        "geometry",
        "Pixels of the mask from which statistics were taken.",
    ),
    Field(
        "amalgamated",
        "Amalgamated",
        "boolean",
        "geometry",
        "True for one of several slides into which a larger blob was split.",
        short="amalgam",
    ),
    Field("elev_min_m", "Elevation, minimum (m)", "real", "terrain", "Lowest pixel.", "m"),
    Field("elev_max_m", "Elevation, maximum (m)", "real", "terrain", "Highest pixel.", "m"),
    Field("relief_m", "Relief (m)", "real", "terrain", "Highest less lowest pixel.", "m"),
    Field("slope_deg", "Slope, mean (°)", "real", "terrain", "Mean slope of its pixels.", "°"),
    Field(
        "aspect_deg",
        "Aspect, mean (°)",
        "real",
        "terrain",
        "Circular mean of the downslope direction, clockwise from north.",
        "°",
    ),
    Field(
        "source_lon",
        "Source, longitude (°)",
        "real",
        "terrain",
        "Centre of the highest pixel, WGS 84.",
        "°",
    ),
    Field(
        "source_lat",
        "Source, latitude (°)",
        "real",
        "terrain",
        "Centre of the highest pixel, WGS 84.",
        "°",
    ),
    Field(
        "toe_lon",
        "Toe, longitude (°)",
        "real",
        "terrain",
        "Centre of the lowest pixel, WGS 84.",
        "°",
    ),
    Field(
        "toe_lat",
        "Toe, latitude (°)",
        "real",
        "terrain",
        "Centre of the lowest pixel, WGS 84.",
        "°",
    ),
    Field(
        "edge_m",
        "Distance to image edge (m)",
        "real",
        "context",
        "Smallest distance to the border of the raster; 0 means cut off.",
        "m",
    ),
    Field(
        "masked_m",
        "Distance to masked area (m)",
        "real",
        "context",
        "Smallest distance to pixels without a result (cloud, shadow, snow, no data) inside the"
        " area of interest; empty if there are none.",
        "m",
    ),
    Field(
        "ndvi",
        "NDVI, mean",
        "real",
        "context",
        "Mean vegetation index of the image after the event.",
    ),
    Field(
        "ndvi_change",
        "NDVI change",
        "real",
        "context",
        "Mean NDVI after less before; empty without a before-image.",
        short="ndvi_chg",
    ),
    Field(
        "brightness_change",
        "Brightness change (DN)",
        "real",
        "context",
        "Mean of blue, green and red after less before, in DN (reflectance × 10000); empty without"
        " a before-image.",
        "DN",
        short="bright_chg",
    ),
    Field(
        "volume_m3",
        "Volume estimate (m³)",
        "real",
        "context",
        "From the area by the relation that the run names; an order of magnitude.",
        "m³",
    ),
    Field(
        "volume_low_m3",
        "Volume, lower bound (m³)",
        "real",
        "context",
        "Smallest of the published relations compared.",
        "m³",
        short="vol_low_m3",
    ),
    Field(
        "volume_high_m3",
        "Volume, upper bound (m³)",
        "real",
        "context",
        "Largest of the published relations compared.",
        "m³",
        short="vol_hi_m3",
    ),
    Field("model", "Model", "text", "provenance", "Models and versions that found it."),
    Field(
        "model_digest",
        "Model digest",
        "text",
        "provenance",
        "SHA-256 of the models' files, shortened.",
        short="mdl_digest",
    ),
    Field("engine", "Engine version", "text", "provenance", "Version of the engine."),
    Field(
        "threshold",
        "Threshold",
        "real",
        "provenance",
        "Probability from which a pixel was called landslide.",
    ),
    Field("images", "Images", "text", "provenance", "Images in which it was found."),
    Field("dem", "Elevation model", "text", "provenance", "Where terrain attributes come from."),
    Field("created", "Detected on", "text", "provenance", "When the run began, ISO 8601."),
    Field(
        "kept_from",
        "Kept from run",
        "text",
        "provenance",
        "Set where a reviewed polygon of an earlier run was kept: when that run began.",
    ),
)
BY_NAME: dict[str, Field] = {f.name: f for f in FIELDS}
NAMES: tuple[str, ...] = tuple(f.name for f in FIELDS)

DTYPES: dict[Kind, str] = {
    "integer": "int64",
    "real": "float64",
    "text": "object",
    "boolean": "bool",
}
"""NumPy type of each kind; missing values are NaN or None."""
