"""Compare, report and export an inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingOutputString,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorLayer,
    QgsProviderRegistry,
)

from ..i18n import tr
from . import inputs
from .base import EngineAlgorithm

POLYGONS = [QgsProcessing.SourceType.TypeVectorPolygon]
SUFFIXES = (".geojson", ".shp", ".fgb", ".csv", ".gpkg")


def format_names() -> list[str]:
    """What the formats of :data:`SUFFIXES` are called."""
    return ["GeoJSON", "Shapefile", "FlatGeobuf", tr("NASA COOLR table (CSV)"), "GeoPackage"]


class Compare(EngineAlgorithm):
    """``l4s compare``."""

    NAME, GROUP = "compare", "inventory"

    def title(self) -> str:
        return tr("Compare with a reference")

    def help(self) -> str:
        return tr(
            "Scores an inventory against a reference inventory: found, missed and false landslides, areas, by size class."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.addParameter(QgsProcessingParameterVectorLayer("INVENTORY", tr("Inventory"), POLYGONS))
        self.addParameter(QgsProcessingParameterVectorLayer("REFERENCE", tr("Reference"), POLYGONS))
        self.addOutput(QgsProcessingOutputString("TABLE", tr("Table")))

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        inventory, reference = (
            self.file_of(parameters, name, context) for name in ("INVENTORY", "REFERENCE")
        )
        layer = self.parameterAsVectorLayer(parameters, "REFERENCE", context)
        arguments = ["compare", "--inventory", inventory, "--reference", reference]
        name = QgsProviderRegistry.instance().decodeUri("ogr", layer.source()).get("layerName")
        is_own_file = reference == layer.source().split("|")[0]
        return [*arguments, "--layer", str(name)] if name and is_own_file else arguments

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {
            "TABLE": str(result.get("text", "")),
            **{k: v for k, v in result.items() if isinstance(v, (int, float, str))},
        }


class Report(EngineAlgorithm):
    """``l4s report``."""

    NAME, GROUP = "report", "inventory"

    def title(self) -> str:
        return tr("Report of an inventory")

    def help(self) -> str:
        return tr(
            "Writes one HTML file with map, statistics, data used and limits, readable in any browser and on paper."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.addParameter(QgsProcessingParameterVectorLayer("INVENTORY", tr("Inventory"), POLYGONS))
        self.addParameter(
            QgsProcessingParameterRasterLayer(
                "STACK", tr("Stack, for the image below the map"), optional=True
            )
        )
        self.addParameter(
            QgsProcessingParameterRasterLayer(
                "PROBABILITY", tr("Probability, for its map"), optional=True
            )
        )
        self.addParameter(
            QgsProcessingParameterFileDestination("OUTPUT", tr("Report"), "HTML (*.html)")
        )

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        out = self.parameterAsFileOutput(parameters, "OUTPUT", context)
        arguments = ["report", "--inventory", self.file_of(parameters, "INVENTORY", context)]
        for name, option in (("STACK", "--stack"), ("PROBABILITY", "--probability")):
            layer = self.parameterAsRasterLayer(parameters, name, context)
            if layer is not None:
                arguments += [option, inputs.raster_source(layer)]
        return [*arguments, "--out", out]

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {"OUTPUT": result["out"]}


class Export(EngineAlgorithm):
    """``l4s export``."""

    NAME, GROUP = "export", "inventory"

    def title(self) -> str:
        return tr("Export an inventory")

    def help(self) -> str:
        return tr(
            "Writes the reviewed inventory, accepted and edited landslides only or all, in a format for others."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.addParameter(QgsProcessingParameterVectorLayer("INVENTORY", tr("Inventory"), POLYGONS))
        self.addParameter(
            QgsProcessingParameterEnum("FORMAT", tr("Format"), format_names(), defaultValue=0)
        )
        self.addParameter(
            QgsProcessingParameterBoolean(
                "REVIEWED", tr("Only accepted and edited landslides"), True
            )
        )
        self.addParameter(QgsProcessingParameterFileDestination("OUTPUT", tr("File")))

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        chosen = self.parameterAsEnum(parameters, "FORMAT", context)
        out = Path(self.parameterAsFileOutput(parameters, "OUTPUT", context))
        out = out.with_suffix(SUFFIXES[chosen])
        arguments = ["export", "--inventory", self.file_of(parameters, "INVENTORY", context)]
        if self.parameterAsBoolean(parameters, "REVIEWED", context):
            arguments += ["--status", "accepted", "--status", "edited"]
        return [*arguments, "--out", str(out)]

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {"OUTPUT": result["out"]}
