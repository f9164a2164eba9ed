"""Polygons from a probability raster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
)

from ..i18n import tr
from . import inputs
from .base import EngineAlgorithm


class Vectorize(EngineAlgorithm):
    """``l4s vectorize``."""

    NAME, GROUP = "vectorize", "inventory"

    def title(self) -> str:
        return tr("Polygons from probability")

    def help(self) -> str:
        return tr(
            "Draws landslide polygons with all attributes from a probability raster, at any threshold. Where the file exists already, "
            "its reviewed polygons are kept and the others are drawn as before."
        )

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.addParameter(QgsProcessingParameterRasterLayer("PROBABILITY", tr("Probability")))
        self.addParameter(
            QgsProcessingParameterRasterLayer(
                "STACK", tr("Stack, for terrain attributes"), optional=True
            )
        )
        number = QgsProcessingParameterNumber.Type.Double
        self.addParameter(
            QgsProcessingParameterNumber(
                "THRESHOLD", tr("Threshold (empty: the model's)"), number, None, True, 0.01, 0.99
            )
        )
        self.addParameter(
            QgsProcessingParameterNumber(
                "MIN_AREA", tr("Minimum mapping unit (m²)"), number, None, True, 0.0
            )
        )
        self.addParameter(
            QgsProcessingParameterFileDestination(
                "OUTPUT", tr("Inventory"), tr("GeoPackage") + " (*.gpkg)"
            )
        )

    def arguments(
        self, parameters: dict[str, Any], context: QgsProcessingContext, folder: Path
    ) -> list[str]:
        probability = inputs.raster_source(
            self.parameterAsRasterLayer(parameters, "PROBABILITY", context)
        )
        arguments = ["vectorize", "--probability", probability]
        stack = self.parameterAsRasterLayer(parameters, "STACK", context)
        if stack is not None:
            arguments += ["--stack", inputs.raster_source(stack)]
        for name, option in (("THRESHOLD", "--threshold"), ("MIN_AREA", "--min-area")):
            if parameters.get(name) is not None:
                arguments += [option, f"{self.parameterAsDouble(parameters, name, context):g}"]
        out = self.parameterAsFileOutput(parameters, "OUTPUT", context)
        return [*arguments, "--out", out]

    def outputs(self, result: dict[str, Any]) -> dict[str, Any]:
        return {"OUTPUT": result["out"]}
